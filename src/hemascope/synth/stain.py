"""Colours as optical density, so that overlapping cells darken each other as dyes in light do (Beer-Lambert)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from hemascope.synth.textures import FloatMap

Rgb = tuple[int, int, int]

REFERENCE_GLASS: Rgb = (253, 229, 201)  # every colour in the recipes was picked from smears on this background


@dataclass(frozen=True, slots=True)
class StainLook:
    """How one lab's smears look: the empty glass, and how reference densities turn into densities here.

    `mixing` rows are the red, green and blue densities of the reference, columns those of this look.
    """

    glass: Rgb
    mixing: tuple[tuple[float, float, float], ...]


# Fitted to the median colours of nuclei, cytoplasm and red cells in three kinds of public smear pictures.
LOOKS: Mapping[str, StainLook] = MappingProxyType(
    {
        "cream": StainLook(REFERENCE_GLASS, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))),
        "grey": StainLook((205, 206, 202), ((0.5, 0.0, 0.0), (0.0, 0.5, -0.3), (0.05, 0.4, 1.6))),
        "rose": StainLook((228, 188, 168), ((0.45, 0.0, 0.0), (0.0, 0.9, 0.0), (1.2, 0.8, 1.3))),
    }
)


def to_density(rgb: Rgb) -> FloatMap:
    """Density `(3,)` of a colour picked from a smear in the reference look."""
    return np.asarray(-np.log(np.array(rgb, dtype=float) / np.array(REFERENCE_GLASS)), dtype=np.float32)


def mix_dyes(look: StainLook, rng: np.random.Generator, variation: float) -> FloatMap:
    """The look's mixing matrix `(3, 3)`, varied: strength by `variation` (relative deviation), hue by half of it."""
    strength = np.exp(variation * rng.normal())
    hue = np.exp(variation / 2 * rng.normal(size=(1, 3)))
    return np.asarray(np.array(look.mixing) * strength * hue, dtype=np.float32)
