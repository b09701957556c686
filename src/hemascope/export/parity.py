"""Does the ONNX file give what the torch network gives, on real images?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from hemascope.errors import ExportParityError

MAX_PROBABILITY_DIFFERENCE = 1e-4  # fp32, see docs/models
MAX_BOX_DIFFERENCE_PX = 0.05


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest absolute differences over the images compared; `box_px` is None for a classifier."""

    images: int
    probability: float
    box_px: float | None


def check_parity(
    model: nn.Module, onnx_path: Path, batches: Sequence[NDArray[np.float32]], *, detector: bool
) -> Parity:
    """Compare on normalised inputs `(B, 3, H, W)`. Raises ExportParityError beyond the limits above."""
    session = onnxruntime.InferenceSession(str(onnx_path), providers=["CPUExecutionProvider"])
    probability, box_px, images = 0.0, 0.0, 0
    model.eval()
    for batch in batches:
        with torch.no_grad():
            tensor = torch.from_numpy(batch)
            first, second = model.predict(tensor) if detector else model(tensor)  # type: ignore[operator]
        onnx_first, onnx_second = session.run(None, {"image": batch})
        if detector:
            # boxes matter where something is seen: a far anchor's wild box is never reported
            seen = second.max(dim=-1).values.numpy() > 0.05
            probability = max(probability, float(np.abs(second.numpy() - onnx_second).max()))
            box_px = max(box_px, float(np.abs(first.numpy() - onnx_first)[seen].max(initial=0)))
        else:
            onnx_probabilities = torch.from_numpy(onnx_first).softmax(dim=1)
            probability = max(probability, float((first.softmax(dim=1) - onnx_probabilities).abs().max()))
        images += len(batch)
    if probability > MAX_PROBABILITY_DIFFERENCE or box_px > MAX_BOX_DIFFERENCE_PX:
        raise ExportParityError(
            f"{onnx_path.name} differs from the trained network on {images} images: probabilities by {probability:.2e} "
            f"(limit {MAX_PROBABILITY_DIFFERENCE}), boxes by {box_px:.3f} px (limit {MAX_BOX_DIFFERENCE_PX})"
        )
    return Parity(images, probability, box_px if detector else None)
