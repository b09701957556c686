"""Speed of several networks side by side: the same images, threads and minute for all."""

import statistics
import time
from collections.abc import Mapping, Sequence

from torch import nn

from hemascope.imaging.resize import RgbArray
from hemascope.training.detection import predict_fields
from hemascope.training.engine import Progress


def time_networks(
    networks: Mapping[str, nn.Module], images: Sequence[RgbArray], longest_side: int, progress: Progress
) -> dict[str, float]:
    """Median milliseconds an image, one image at a time, letterbox to NMS, in PyTorch and fp32.

    The networks take turns on every image, so that a slow moment of the machine meets all of them; the first image
    warms up and is not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in networks}
    for i, image in enumerate(images):
        for name, network in networks.items():
            started = time.perf_counter()
            predict_fields(network, [image], longest_side)
            times[name].append(1000 * (time.perf_counter() - started))
        progress("time", i + 1, len(images))
    return {name: statistics.median(values[1:]) for name, values in times.items()}
