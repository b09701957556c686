"""What each nucleated class looks like: data, in micrometres and in colours of the reference look.

Colours and proportions were read off public pictures of each class (healthy donors, May Gruenwald-Giemsa); for classes
those lack (blasts, plasma cell, smudge cell, megakaryocyte) they follow textbook descriptions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from hemascope.synth.stain import Rgb

Range = tuple[float, float]


class NucleusForm(Enum):
    """How the nucleus is drawn."""

    ROUND = "round"  # one disc, smooth or slightly lumpy
    KIDNEY = "kidney"  # thick, shallow bean
    BAND = "band"  # C, U or S of even width
    LOBED = "lobed"  # lobes joined by strands
    FOLDED = "folded"  # broad horseshoe or heaped lobes
    SPREAD = "spread"  # burst, without cytoplasm


@dataclass(frozen=True, slots=True)
class Nucleus:
    form: NucleusForm
    share: Range  # diameter / cell diameter for ROUND, scale of the chain otherwise; SPREAD fills the cell
    off_centre: float = 0.1  # largest shift of its middle, as a share of the free room
    lobes: tuple[int, int] = (1, 1)
    dark: Rgb = (66, 24, 125)
    light: Rgb = (152, 106, 164)  # the gaps between chromatin strands
    openness: Range = (0.25, 0.4)  # about the share of the area that is gap: 0 or less solid, 0.5 lacy
    strand_um: float = 0.36
    lumpiness: float = 0.05
    nucleoli: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Granules:
    colour: Rgb
    diameter_um: float
    per_um2: Range
    strength: Range = (0.6, 1.0)
    over_nucleus: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    diameter_um: Range
    nucleus: Nucleus
    cytoplasm: Rgb
    cytoplasm_to: Rgb | None = None  # the cell's own colour lies between the two
    border: float = 0.15  # how much denser the outer rim of the cytoplasm is
    mottle: float = 0.2  # unevenness of the cytoplasm
    granules: tuple[Granules, ...] = ()
    elongation: Range = (1.0, 1.18)
    waviness: Range = (0.01, 0.035)
    ruffles: Range = (0.0, 0.008)
    vacuoles: tuple[int, int] = (0, 0)
    halo: float = 0.0  # pale zone beside the nucleus (Golgi region)
    pseudopod: float = 0.0  # chance of a one-sided tail


_DUST = Granules((140, 80, 150), 0.24, (2.0, 5.0), (0.25, 0.65))
_NEUTROPHIL_CYTOPLASM: tuple[Rgb, Rgb] = ((216, 178, 182), (198, 166, 184))

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "segmented_neutrophil": Recipe(
            (12.0, 14.8),
            Nucleus(NucleusForm.LOBED, (0.98, 1.15), 0.4, lobes=(2, 5), openness=(0.12, 0.26), strand_um=0.30),
            *_NEUTROPHIL_CYTOPLASM,
            granules=(_DUST,),
        ),
        "band_neutrophil": Recipe(
            (12.2, 14.8),
            Nucleus(NucleusForm.BAND, (1.0, 1.15), 0.4, openness=(0.16, 0.30), strand_um=0.32),
            *_NEUTROPHIL_CYTOPLASM,
            granules=(_DUST,),
        ),
        "metamyelocyte": Recipe(
            (12.5, 15.0),
            Nucleus(NucleusForm.KIDNEY, (1.05, 1.2), 0.5, openness=(0.26, 0.36), dark=(70, 27, 126)),
            (204, 166, 182),
            (182, 152, 182),
            granules=(Granules((112, 50, 140), 0.28, (2.0, 5.0), (0.3, 0.85)),),
        ),
        "myelocyte": Recipe(
            (12.0, 15.0),
            Nucleus(NucleusForm.ROUND, (0.70, 0.80), off_centre=0.9, openness=(0.28, 0.38), lumpiness=0.06),
            (186, 152, 180),
            (158, 138, 184),
            border=0.3,
            mottle=0.28,
            granules=(Granules((95, 42, 135), 0.3, (1.5, 4.0), (0.4, 1.0)),),
            halo=0.25,
        ),
        "promyelocyte": Recipe(
            (13.2, 17.0),
            Nucleus(
                NucleusForm.ROUND,
                (0.70, 0.82),
                0.8,
                dark=(76, 30, 128),
                openness=(0.28, 0.40),
                strand_um=0.4,
                lumpiness=0.07,
                nucleoli=(0, 2),
            ),
            (170, 138, 180),
            (146, 130, 184),
            border=0.35,
            mottle=0.3,
            granules=(
                Granules((88, 22, 120), 0.34, (3.0, 6.5), (0.6, 1.0)),
                Granules((80, 18, 114), 0.34, (0.6, 2.0), (0.5, 0.9), over_nucleus=True),
            ),
            waviness=(0.015, 0.045),
            halo=0.35,
        ),
        "myeloblast": Recipe(
            (13.0, 18.0),
            Nucleus(
                NucleusForm.ROUND,
                (0.78, 0.87),
                0.9,
                dark=(84, 36, 134),
                light=(142, 94, 166),
                openness=(0.36, 0.44),
                strand_um=0.3,
                lumpiness=0.06,
                nucleoli=(2, 5),
            ),
            (142, 128, 182),
            (124, 116, 180),
            border=0.3,
        ),
        "lymphoblast": Recipe(
            (10.0, 14.0),
            Nucleus(
                NucleusForm.ROUND,
                (0.86, 0.93),
                0.9,
                dark=(78, 32, 130),
                light=(128, 78, 156),
                openness=(0.3, 0.42),
                strand_um=0.4,
                lumpiness=0.07,
                nucleoli=(0, 2),
            ),
            (126, 112, 176),
            (112, 98, 172),
            border=0.3,
        ),
        "monoblast": Recipe(
            (15.0, 20.0),
            Nucleus(
                NucleusForm.FOLDED,
                (1.05, 1.25),
                0.5,
                lobes=(2, 4),
                dark=(88, 40, 136),
                light=(144, 98, 168),
                openness=(0.36, 0.46),
                strand_um=0.32,
                nucleoli=(1, 3),
            ),
            (152, 138, 184),
            (136, 126, 182),
            border=0.2,
            granules=(Granules((130, 70, 150), 0.24, (0.2, 1.0)),),
            waviness=(0.02, 0.05),
        ),
        "eosinophil": Recipe(
            (12.5, 15.5),
            Nucleus(NucleusForm.LOBED, (0.95, 1.1), 0.6, lobes=(2, 3), openness=(0.18, 0.30), strand_um=0.32),
            (210, 152, 160),
            border=0.05,
            mottle=0.15,
            granules=(
                Granules((190, 106, 116), 0.5, (3.5, 6.0), (0.75, 0.95)),
                Granules((158, 70, 104), 0.34, (1.5, 3.5), (0.3, 0.6)),
                Granules((222, 158, 150), 0.3, (0.5, 2.0), (0.3, 0.6)),
            ),
        ),
        "basophil": Recipe(
            (11.0, 13.8),
            Nucleus(NucleusForm.FOLDED, (1.0, 1.2), 0.6, lobes=(2, 3), dark=(84, 36, 132), light=(126, 78, 152)),
            (206, 160, 184),
            (184, 146, 182),
            border=0.1,
            granules=(
                Granules((66, 18, 114), 0.46, (2.2, 5.5), (0.9, 1.0)),
                Granules((60, 16, 110), 0.46, (1.0, 2.6), (0.8, 1.0), over_nucleus=True),
            ),
            waviness=(0.015, 0.04),
            ruffles=(0.004, 0.016),
        ),
        "monocyte": Recipe(
            (13.6, 17.8),
            Nucleus(
                NucleusForm.FOLDED,
                (1.08, 1.28),
                0.8,
                lobes=(2, 4),
                dark=(80, 30, 130),
                light=(148, 102, 162),
                openness=(0.32, 0.42),
                strand_um=0.4,
            ),
            (176, 152, 182),
            (150, 134, 184),
            border=0.12,
            mottle=0.2,
            granules=(Granules((116, 70, 156), 0.22, (1.5, 4.0), (0.3, 0.7)),),
            elongation=(1.0, 1.3),
            waviness=(0.02, 0.06),
            ruffles=(0.0, 0.012),
            vacuoles=(0, 6),
            pseudopod=0.25,
        ),
        "lymphocyte": Recipe(
            (8.8, 11.6),
            Nucleus(
                NucleusForm.ROUND,
                (0.82, 0.93),
                1.0,
                dark=(72, 28, 125),
                light=(114, 62, 144),
                openness=(0.2, 0.38),
                strand_um=0.46,
                lumpiness=0.04,
            ),
            (134, 118, 174),
            (112, 94, 164),
            border=0.45,
            mottle=0.25,
            ruffles=(0.002, 0.014),
            pseudopod=0.15,
        ),
        "plasma_cell": Recipe(
            (12.5, 18.0),
            Nucleus(
                NucleusForm.ROUND,
                (0.46, 0.55),
                1.0,
                dark=(62, 24, 120),
                light=(160, 114, 172),
                openness=(0.26, 0.36),
                strand_um=0.8,
                lumpiness=0.03,
            ),
            (118, 98, 170),
            (100, 84, 164),
            border=0.25,
            mottle=0.12,
            elongation=(1.15, 1.5),
            halo=0.6,
            vacuoles=(0, 2),
        ),
        "erythroblast": Recipe(
            (7.8, 10.8),
            Nucleus(
                NucleusForm.ROUND,
                (0.58, 0.8),
                0.7,
                dark=(58, 26, 116),
                light=(136, 98, 156),
                openness=(-0.15, 0.2),
                strand_um=0.42,
                lumpiness=0.04,
            ),
            (196, 164, 176),
            (128, 108, 162),
            border=0.2,
            mottle=0.1,
            waviness=(0.015, 0.05),
            ruffles=(0.0, 0.01),
        ),
        "smudge_cell": Recipe(
            (12.0, 18.0),
            Nucleus(
                NucleusForm.SPREAD,
                (1.0, 1.0),
                dark=(124, 62, 148),
                light=(176, 124, 176),
                openness=(0.3, 0.45),
                strand_um=0.7,
            ),
            (214, 178, 190),
            elongation=(1.1, 1.6),
            waviness=(0.06, 0.12),
        ),
        "megakaryocyte": Recipe(
            (26.0, 36.0),
            Nucleus(NucleusForm.FOLDED, (1.0, 1.2), 0.5, lobes=(6, 10), openness=(0.26, 0.36), strand_um=0.55),
            (200, 156, 182),
            (180, 144, 186),
            granules=(Granules((142, 78, 152), 0.3, (3.0, 5.0), (0.4, 0.8)),),
            waviness=(0.03, 0.06),
            ruffles=(0.004, 0.012),
        ),
    }
)
