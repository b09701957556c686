"""What a painted field shows; checked when made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hemascope.errors import SynthSettingsError
from hemascope.synth.optics import Optics
from hemascope.synth.recipes import RECIPES
from hemascope.synth.stain import LOOKS

_SIDE_PX = (32, 8192)
_PIXELS_PER_MICRON = (2.0, 60.0)
_MOST_CELLS = 10_000  # beyond, finding free places takes minutes

NORMAL_BLOOD: Mapping[str, float] = MappingProxyType(
    {
        "segmented_neutrophil": 0.54,
        "band_neutrophil": 0.04,
        "lymphocyte": 0.27,
        "monocyte": 0.08,
        "eosinophil": 0.05,
        "basophil": 0.02,
    }
)


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """One field of view; densities are cells per 1000 square micrometres, so a larger picture holds more cells.

    The defaults fill 640 x 480 pixels (1818 square micrometres) as a 100x field of normal blood does.
    Raises SynthSettingsError when a value is out of range or a class is unknown.
    """

    width: int = 640
    height: int = 480
    pixels_per_micron: float = 13.0
    nucleated_mix: Mapping[str, float] = field(
        default_factory=lambda: NORMAL_BLOOD
    )  # class id -> weight, any positive sum
    nucleated_density: float = 1.1
    min_nucleated: int = 1  # painted even where the density would round to fewer, if they fit
    red_cell_density: float = 15.0
    red_cell_overlap: float = 0.3  # share of the red cells that may lie on another
    red_cell_size_deviation: float = 0.06  # relative (anisocytosis)
    platelet_density: float = 2.8
    platelet_clumping: float = 0.15  # chance that a platelet sits beside the one before
    giant_platelet_share: float = 0.03
    artefact_density: float = 0.15
    look: str = "cream"
    optics: Optics = field(default_factory=Optics)

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            _require_range(name, getattr(self, name), *_SIDE_PX)
        _require_range("pixels_per_micron", self.pixels_per_micron, *_PIXELS_PER_MICRON)
        for name in ("nucleated_density", "red_cell_density", "platelet_density", "artefact_density"):
            _require_range(name, getattr(self, name), 0, 100)
        cells = (
            self.area_um2
            / 1000
            * (self.nucleated_density + self.red_cell_density + self.platelet_density + self.artefact_density)
        )
        if cells > _MOST_CELLS:
            raise SynthSettingsError(
                f"about {cells:.0f} cells would fill the picture, at most {_MOST_CELLS} can be placed: "
                "lower the densities or the picture's size, or raise pixels_per_micron"
            )
        _require_range("min_nucleated", self.min_nucleated, 0, 100)
        for name in ("red_cell_overlap", "platelet_clumping", "giant_platelet_share"):
            _require_range(name, getattr(self, name), 0, 1)
        _require_range("red_cell_size_deviation", self.red_cell_size_deviation, 0, 0.5)
        if self.look not in LOOKS:
            raise SynthSettingsError(f"unknown look {self.look!r}: choose one of {', '.join(LOOKS)}")
        unknown = sorted(set(self.nucleated_mix) - set(RECIPES))
        if unknown:
            raise SynthSettingsError(f"cannot paint {', '.join(unknown)}: choose from {', '.join(RECIPES)}")
        weights = self.nucleated_mix.values()
        if any(not weight >= 0 for weight in weights) or not 0 < sum(weights) < float("inf"):
            raise SynthSettingsError("nucleated_mix needs weights of 0 or more, at least one of them above 0")

    @property
    def area_um2(self) -> float:
        return self.width * self.height / self.pixels_per_micron**2


def _require_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also refuses NaN
        raise SynthSettingsError(f"{name} is {value}: it must lie in {low:g} to {high:g}")
