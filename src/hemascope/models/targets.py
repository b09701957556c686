"""What a detection network learns from."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class FieldTarget:
    """Ground truth of one input: `boxes_xyxy (G, 4)` in network pixels, `class_ids (G,)`."""

    boxes_xyxy: Tensor
    class_ids: Tensor

    def to(self, device: torch.device) -> "FieldTarget":
        return FieldTarget(self.boxes_xyxy.to(device), self.class_ids.to(device))
