"""The normalisation every network here is trained with; export writes it into the manifest."""

import torch
from torch import Tensor

MEAN = (0.5, 0.5, 0.5)
STD = (0.25, 0.25, 0.25)


def normalise_images(images: Tensor) -> Tensor:
    """`(B, H, W, 3)` uint8 to the network's input `(B, 3, H, W)`, the arithmetic of `imaging.normalise`."""
    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    return ((images.float() / 255 - mean) / std).permute(0, 3, 1, 2)  # keeps the channels-last memory layout
