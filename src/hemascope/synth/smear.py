"""Whole smears: presets and series of fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from hemascope.errors import SynthSettingsError
from hemascope.synth.field import PaintedField, paint_field
from hemascope.synth.settings import FieldSettings

# Shares follow textbook differentials, with rare classes raised a little so that a dozen fields show some of them.
PRESETS: Mapping[str, FieldSettings] = MappingProxyType(
    {
        "peripheral-blood-normal": FieldSettings(),
        "peripheral-blood-leukaemic": FieldSettings(  # acute myeloid leukaemia with monocytic cells
            nucleated_mix=MappingProxyType(
                {
                    "myeloblast": 0.50,
                    "monoblast": 0.10,
                    "lymphocyte": 0.11,
                    "segmented_neutrophil": 0.08,
                    "monocyte": 0.05,
                    "promyelocyte": 0.04,
                    "myelocyte": 0.03,
                    "erythroblast": 0.04,
                    "smudge_cell": 0.05,
                }
            ),
            nucleated_density=2.3,
            red_cell_density=11.0,
            red_cell_size_deviation=0.11,
            platelet_density=0.8,
            giant_platelet_share=0.12,
        ),
        "peripheral-blood-lymphoblastic": FieldSettings(
            nucleated_mix=MappingProxyType(
                {"lymphoblast": 0.70, "lymphocyte": 0.14, "segmented_neutrophil": 0.08, "smudge_cell": 0.08}
            ),
            nucleated_density=2.3,
            red_cell_density=11.0,
            red_cell_size_deviation=0.09,
            platelet_density=0.8,
        ),
        "bone-marrow": FieldSettings(
            nucleated_mix=MappingProxyType(
                {
                    "myeloblast": 0.02,
                    "promyelocyte": 0.05,
                    "myelocyte": 0.13,
                    "metamyelocyte": 0.12,
                    "band_neutrophil": 0.13,
                    "segmented_neutrophil": 0.11,
                    "eosinophil": 0.04,
                    "basophil": 0.01,
                    "monocyte": 0.02,
                    "lymphocyte": 0.11,
                    "plasma_cell": 0.03,
                    "erythroblast": 0.20,
                    "smudge_cell": 0.025,
                    "megakaryocyte": 0.005,
                }
            ),
            nucleated_density=5.0,
            red_cell_density=7.0,
            platelet_density=1.0,
            giant_platelet_share=0.06,
            artefact_density=0.3,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class SmearSettings:
    """A series of fields of one smear; field `i` depends on `field`, `seed` and `i` only, not on how many there are."""

    field: FieldSettings
    fields: int = 12
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.fields <= 9999:
            raise SynthSettingsError(f"fields is {self.fields}: it must lie in 1 to 9999")
        if self.seed < 0:
            raise SynthSettingsError(f"seed is {self.seed}: it must be 0 or more")


def preset_field(preset: str, *, width: int = 640, height: int = 480, look: str = "cream") -> FieldSettings:
    """Settings of a preset at another size or look; an unknown one raises SynthSettingsError."""
    if preset not in PRESETS:
        raise SynthSettingsError(f"unknown preset {preset!r}: choose one of {', '.join(PRESETS)}")
    return replace(PRESETS[preset], width=width, height=height, look=look)


def paint_smear(settings: SmearSettings) -> Iterator[PaintedField]:
    """The fields one after the other, each painted when asked for."""
    for index in range(settings.fields):
        source = np.random.SeedSequence(settings.seed, spawn_key=(index,))
        yield paint_field(settings.field, int(source.generate_state(1, np.uint64)[0]))
