"""What is done to a crop before it becomes network input; training and serving share it, the manifest names it."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from hemascope.core.manifest import InputStep
from hemascope.imaging.enhance import adaptive_gamma, sharpen
from hemascope.imaging.resize import RgbArray
from hemascope.imaging.segment import black_background
from hemascope.imaging.stain import normalise_stain

_STEPS: Mapping[InputStep, Callable[[RgbArray], RgbArray]] = MappingProxyType(
    {
        "adaptive_gamma": lambda rgb: sharpen(adaptive_gamma(rgb)),
        "lab_kmeans": black_background,
        "stain_normalise": normalise_stain,
    }
)
SLOW: InputStep = "lab_kmeans"
"""Training does this one, and what stands before it, once on the whole image and not on every crop."""


def apply_steps(rgb: RgbArray, steps: Sequence[InputStep]) -> RgbArray:
    """The crop `(height, width, 3)` after all steps, in their order."""
    for step in steps:
        rgb = _STEPS[step](rgb)
    return rgb


def split_at_slow(steps: Sequence[InputStep]) -> tuple[tuple[InputStep, ...], tuple[InputStep, ...]]:
    """The steps up to the slow one, and those after it."""
    end = steps.index(SLOW) + 1 if SLOW in steps else 0
    return tuple(steps[:end]), tuple(steps[end:])
