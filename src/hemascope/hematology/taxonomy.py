# ruff: noqa: E501 (a table is read by its columns: one row a class)
"""The one table of cell classes: names, lineage, what each counts towards, code, colour, key.

The ids are what models, files and reports use. Which class belongs to which count follows ICSH 2008 (not checked against
the original); docs/hematology.md shows the table with marks. Colours were chosen by farthest-point search in CIE Lab, seen normally and with protan and
deutan vision, away from the colours of a Wright-Giemsa smear; a class keeps its colour everywhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from hemascope.errors import CellClassUnknownError

Language = Literal["en", "zh"]


class Lineage(StrEnum):
    GRANULOCYTIC = "granulocytic"
    MONOCYTIC = "monocytic"
    LYMPHOID = "lymphoid"
    PLASMA = "plasma"
    ERYTHROID = "erythroid"
    MEGAKARYOCYTIC = "megakaryocytic"
    OTHER = "other"  # also blasts whose lineage is not known


@dataclass(frozen=True, slots=True)
class CellClass:
    """One row of the taxonomy; the field order is the column order of the table below."""

    id: str
    name_en: str
    name_zh: str
    lineage: Lineage
    maturation: int | None  # 1 = youngest stage of the lineage; None where the class spans several stages
    parent: str | None  # the class this one is a special kind of
    in_pb_100: bool  # counts towards the leucocytes of a peripheral blood differential
    in_marrow_ndc: bool  # counts towards the nucleated differential count (ANC) of bone marrow
    per_100_wbc: bool  # in peripheral blood reported beside the differential, per 100 leucocytes
    loinc: str | None  # per cent of leucocytes in peripheral blood; only codes of the HL7 mCODE value set
    colour: str  # "#rrggbb"
    key: str | None  # KeyboardEvent.key that assigns the class, case-sensitive; None: not assigned by hand

    def name(self, language: Language) -> str:
        return self.name_zh if language == "zh" else self.name_en


_GRAN, _MONO, _LYMPH, _PLASMA = Lineage.GRANULOCYTIC, Lineage.MONOCYTIC, Lineage.LYMPHOID, Lineage.PLASMA
_ERY, _MEGA, _OTHER = Lineage.ERYTHROID, Lineage.MEGAKARYOCYTIC, Lineage.OTHER

# in_pb_100, in_marrow_ndc, per_100_wbc
_LEUCOCYTE: Final = (True, True, False)
_NUCLEATED_RED: Final = (False, True, True)
_SMUDGE: Final = (False, False, True)
_APART: Final = (False, False, False)

# fmt: off
_CLASSES = (
    #         id                             English                        Chinese             lineage  age   parent                   counted in       LOINC      colour     key
    CellClass("blast",                       "Blast, unspecified",          "原始细胞",         _OTHER,  None, None,                    *_LEUCOCYTE,     "26446-5", "#ff2d4b", "b"),
    CellClass("myeloblast",                  "Myeloblast",                  "原始粒细胞",       _GRAN,   1,    "blast",                 *_LEUCOCYTE,     "30445-1", "#ff5a00", "1"),
    CellClass("promyelocyte",                "Promyelocyte",                "早幼粒细胞",       _GRAN,   2,    "immature_granulocyte",  *_LEUCOCYTE,     "26524-9", "#b4e196", "2"),
    CellClass("abnormal_promyelocyte",       "Abnormal promyelocyte",       "异常早幼粒细胞",   _GRAN,   2,    "promyelocyte",          *_LEUCOCYTE,     None,      "#3cc387", "a"),
    CellClass("faggot_cell",                 "Faggot cell",                 "柴捆细胞",         _GRAN,   2,    "abnormal_promyelocyte", *_LEUCOCYTE,     None,      "#5aa500", "f"),
    CellClass("myelocyte",                   "Myelocyte",                   "中性中幼粒细胞",   _GRAN,   3,    "immature_granulocyte",  *_LEUCOCYTE,     "26498-6", "#00f0ff", "3"),
    CellClass("metamyelocyte",               "Metamyelocyte",               "中性晚幼粒细胞",   _GRAN,   4,    "immature_granulocyte",  *_LEUCOCYTE,     "28541-1", "#00c3ff", "4"),
    CellClass("immature_granulocyte",        "Immature granulocyte",        "未成熟粒细胞",     _GRAN,   None, None,                    *_LEUCOCYTE,     None,      "#5ab4b4", "g"),
    CellClass("band_neutrophil",             "Band neutrophil",             "中性杆状核粒细胞", _GRAN,   5,    "neutrophil",            *_LEUCOCYTE,     "26508-2", "#6969ff", "5"),
    CellClass("segmented_neutrophil",        "Segmented neutrophil",        "中性分叶核粒细胞", _GRAN,   6,    "neutrophil",            *_LEUCOCYTE,     "26505-8", "#0072b2", "6"),
    CellClass("neutrophil",                  "Neutrophil",                  "中性粒细胞",       _GRAN,   None, None,                    *_LEUCOCYTE,     "26511-6", "#3c3c96", "n"),
    CellClass("eosinophil",                  "Eosinophil",                  "嗜酸性粒细胞",     _GRAN,   None, None,                    *_LEUCOCYTE,     "26450-7", "#a54b0f", "7"),
    CellClass("abnormal_eosinophil",         "Abnormal eosinophil",         "异常嗜酸性粒细胞", _GRAN,   None, "eosinophil",            *_LEUCOCYTE,     None,      "#a5875a", "A"),
    CellClass("basophil",                    "Basophil",                    "嗜碱性粒细胞",     _GRAN,   None, None,                    *_LEUCOCYTE,     "30180-4", "#870f69", "8"),
    CellClass("monoblast",                   "Monoblast",                   "原始单核细胞",     _MONO,   1,    "blast",                 *_LEUCOCYTE,     "34923-3", "#5a00d2", "m"),
    CellClass("promonocyte",                 "Promonocyte",                 "幼稚单核细胞",     _MONO,   2,    None,                    *_LEUCOCYTE,     "30466-7", "#5a96ff", "o"),
    CellClass("monocyte",                    "Monocyte",                    "单核细胞",         _MONO,   3,    None,                    *_LEUCOCYTE,     "26485-3", "#0000ff", "9"),
    CellClass("lymphoblast",                 "Lymphoblast",                 "原始淋巴细胞",     _LYMPH,  1,    "blast",                 *_LEUCOCYTE,     "34922-5", "#69d2b4", "l"),
    CellClass("immature_lymphocyte",         "Immature lymphocyte",         "未成熟淋巴细胞",   _LYMPH,  2,    "lymphocyte",            *_LEUCOCYTE,     None,      "#78c369", "i"),
    CellClass("prolymphocyte",               "Prolymphocyte",               "幼淋巴细胞",       _LYMPH,  2,    "lymphocyte",            *_LEUCOCYTE,     "30465-9", "#78f078", "L"),
    CellClass("lymphocyte",                  "Lymphocyte",                  "淋巴细胞",         _LYMPH,  3,    None,                    *_LEUCOCYTE,     "26478-8", "#96f000", "0"),
    CellClass("atypical_lymphocyte",         "Atypical lymphocyte",         "异型淋巴细胞",     _LYMPH,  3,    "lymphocyte",            *_LEUCOCYTE,     "13046-8", "#96d21e", "v"),
    CellClass("large_granular_lymphocyte",   "Large granular lymphocyte",   "大颗粒淋巴细胞",   _LYMPH,  3,    "lymphocyte",            *_LEUCOCYTE,     "30420-4", "#c3e1b4", "G"),
    CellClass("hairy_cell",                  "Hairy cell",                  "毛细胞",           _LYMPH,  3,    "lymphocyte",            *_LEUCOCYTE,     "35058-7", "#4b69d2", "h"),
    CellClass("plasma_cell",                 "Plasma cell",                 "浆细胞",           _PLASMA, 1,    None,                    *_LEUCOCYTE,     "13047-6", "#e1e15a", "p"),
    CellClass("proerythroblast",             "Proerythroblast",             "原始红细胞",       _ERY,    1,    "erythroblast",          *_NUCLEATED_RED, None,      "#960000", "r"),
    CellClass("basophilic_erythroblast",     "Basophilic erythroblast",     "早幼红细胞",       _ERY,    2,    "erythroblast",          *_NUCLEATED_RED, None,      "#782d4b", "t"),
    CellClass("polychromatic_erythroblast",  "Polychromatic erythroblast",  "中幼红细胞",       _ERY,    3,    "erythroblast",          *_NUCLEATED_RED, None,      "#6996d2", "y"),
    CellClass("orthochromatic_erythroblast", "Orthochromatic erythroblast", "晚幼红细胞",       _ERY,    4,    "erythroblast",          *_NUCLEATED_RED, None,      "#875a2d", "w"),
    CellClass("erythroblast",                "Erythroblast",                "有核红细胞",       _ERY,    None, None,                    *_NUCLEATED_RED, None,      "#871e2d", "e"),
    CellClass("megakaryoblast",              "Megakaryoblast",              "原始巨核细胞",     _MEGA,   1,    "blast",                 *_LEUCOCYTE,     None,      "#6900b4", "k"),
    CellClass("megakaryocyte",               "Megakaryocyte",               "巨核细胞",         _MEGA,   2,    None,                    *_APART,         None,      "#4b5a87", "K"),
    CellClass("mast_cell",                   "Mast cell",                   "肥大细胞",         _OTHER,  None, None,                    *_LEUCOCYTE,     None,      "#1e4bff", "M"),
    CellClass("macrophage",                  "Macrophage",                  "巨噬细胞",         _OTHER,  None, None,                    *_APART,         None,      "#5a96b4", "H"),
    CellClass("smudge_cell",                 "Smudge cell",                 "涂抹细胞",         _OTHER,  None, None,                    *_SMUDGE,        "34992-8", "#786987", "s"),
    CellClass("platelet",                    "Platelet",                    "血小板",           _MEGA,   3,    None,                    *_APART,         None,      "#c3b44b", "P"),
    CellClass("giant_platelet",              "Giant platelet",              "巨大血小板",       _MEGA,   3,    "platelet",              *_APART,         None,      "#00f0e1", "T"),
    CellClass("red_cell",                    "Red cell",                    "红细胞",           _ERY,    5,    None,                    *_APART,         None,      "#a54b5a", "R"),
    CellClass("other_cell",                  "Other cell",                  "其他细胞",         _OTHER,  None, None,                    *_APART,         None,      "#2dc3e1", "O"),
    CellClass("artefact",                    "Artefact",                    "人工假象",         _OTHER,  None, None,                    *_APART,         None,      "#789678", "x"),
    CellClass("unidentified",                "Unidentified",                "未识别细胞",       _OTHER,  None, None,                    *_APART,         None,      "#808080", "u"),
)
# fmt: on

TAXONOMY: Mapping[str, CellClass] = MappingProxyType({cell.id: cell for cell in _CLASSES})
"""Every class that can be counted, by id, in the order tables show them."""

# A detector says only what kind of thing it found; `wbc` and `rbc` are shown but never counted in a differential.
DETECTION_CLASSES: Mapping[str, CellClass] = MappingProxyType(
    {
        "wbc": CellClass("wbc", "White cell", "白细胞", _OTHER, None, None, *_APART, None, "#005aff", None),
        "rbc": CellClass("rbc", "Red cell", "红细胞", _ERY, 5, "red_cell", *_APART, None, "#a54b5a", None),
        "platelet": TAXONOMY["platelet"],
    }
)


def cell_class(class_id: str) -> CellClass:
    """The row of a counted or detected class; raises CellClassUnknownError that lists the ids."""
    found = TAXONOMY.get(class_id) or DETECTION_CLASSES.get(class_id)
    if found is None:
        raise CellClassUnknownError(f"unknown cell class {describe_unknown(class_id, (*TAXONOMY, 'wbc', 'rbc'))}")
    return found


def detection_class(class_id: str) -> str | None:
    """What a detector should call a cell of this class: wbc for every nucleated one; None for debris.

    Raises CellClassUnknownError.
    """
    coarse = coarse_class(class_id)
    if coarse in ("red_cell", "rbc"):
        return "rbc"
    if coarse in ("platelet", "giant_platelet"):
        return "platelet"
    return None if coarse in ("artefact", "unidentified") else "wbc"


def coarse_class(class_id: str) -> str:
    """The most general class that `class_id` is a kind of.

    Turns the 11 PBC classes into the 8 that most public sets share: band and segmented become `neutrophil`,
    promyelocyte, myelocyte and metamyelocyte `immature_granulocyte`; every stated blast becomes `blast`.
    """
    cell = cell_class(class_id)
    return cell.id if cell.parent is None else coarse_class(cell.parent)


def describe_unknown(label: str, allowed: Iterable[str]) -> str:
    """The rest of an error text after "unknown ...": the label (shortened), the nearest allowed one and all."""
    allowed = tuple(allowed)
    label = label[:60]
    near = get_close_matches(label.casefold(), allowed, n=1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    return f"'{label}'{hint}; allowed: {', '.join(allowed)}"
