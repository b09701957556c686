"""Pixels to network input; training and serving share it."""

import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.resize import RgbArray


def normalise_batch(
    images: "list[RgbArray]", mean: tuple[float, float, float], std: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Equal-sized RGB images `(height, width, 3)` to `(batch, 3, height, width)`: `(value / 255 - mean) / std`."""
    scale = (1 / (255 * np.array(std))).astype(np.float32)
    shift = (-np.array(mean) / np.array(std)).astype(np.float32)
    height, width = images[0].shape[:2]
    batch = np.empty((len(images), 3, height, width), np.float32)
    for i, image in enumerate(images):
        np.multiply(image.transpose(2, 0, 1), scale[:, None, None], out=batch[i])
        batch[i] += shift[:, None, None]
    return batch
