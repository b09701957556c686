"""Speed of several networks side by side: the same images, threads and minute for all."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

from torch import nn

from hemascope.imaging.resize import RgbArray
from hemascope.training.detection import predict_fields
from hemascope.training.engine import Progress


def time_networks(
    networks: Mapping[str, tuple[nn.Module, int]], images: Sequence[RgbArray], progress: Progress
) -> dict[str, float]:
    """Median milliseconds an image of detectors, each with the longest side that it sees an image at.

    One image at a time, letterbox to NMS, in PyTorch and fp32.
    """
    actions = {
        name: lambda i, network=network, side=side: predict_fields(network, [images[i]], side)
        for name, (network, side) in networks.items()
    }
    return time_in_turns(actions, len(images), progress)


def time_in_turns(actions: Mapping[str, Callable[[int], object]], repeats: int, progress: Progress) -> dict[str, float]:
    """Median milliseconds of each action, which is told the number of the repeat.

    They take turns, so that a slow moment of the machine meets all of them; the first repeat warms up and is not
    counted.
    """
    times: dict[str, list[float]] = {name: [] for name in actions}
    for i in range(repeats):
        for name, action in actions.items():
            started = time.perf_counter()
            action(i)
            times[name].append(1000 * (time.perf_counter() - started))
        progress("time", i + 1, repeats)
    return {name: statistics.median(values[1:]) for name, values in times.items()}
