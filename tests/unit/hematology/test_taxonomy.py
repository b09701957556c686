import re
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from hemascope.errors import CellClassUnknownError
from hemascope.hematology.taxonomy import (
    DETECTION_CLASSES,
    TAXONOMY,
    Lineage,
    cell_class,
    coarse_class,
    describe_unknown,
    detection_class,
)

PBC_11_TO_8 = {
    "basophil": "basophil",
    "eosinophil": "eosinophil",
    "erythroblast": "erythroblast",
    "metamyelocyte": "immature_granulocyte",
    "myelocyte": "immature_granulocyte",
    "promyelocyte": "immature_granulocyte",
    "lymphocyte": "lymphocyte",
    "monocyte": "monocyte",
    "band_neutrophil": "neutrophil",
    "segmented_neutrophil": "neutrophil",
    "platelet": "platelet",
}
CELLS = TAXONOMY.values()


@pytest.mark.parametrize("attribute", ["id", "name_en", "name_zh", "colour", "key"])
def test_taxonomy_has_no_two_classes_with_the_same(attribute: str) -> None:
    values = [getattr(cell, attribute) for cell in CELLS]

    assert len(set(values)) == len(values)


def test_taxonomy_has_well_formed_rows() -> None:
    for cell in CELLS:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", cell.id)
        assert re.fullmatch(r"#[0-9a-f]{6}", cell.colour)
        assert re.fullmatch(r"[0-9A-Za-z]", cell.key or "")
        assert cell.parent is None or cell.parent in TAXONOMY


def test_taxonomy_has_loinc_codes_with_right_check_digit_and_used_once() -> None:
    codes = [cell.loinc for cell in CELLS if cell.loinc]

    assert len(set(codes)) == len(codes)
    for code in codes:
        number, check = code.split("-")
        # Luhn, modulus 10: https://loinc.org/kb/faq/structure/
        digits = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(number))]
        assert (10 - sum(d // 10 + d % 10 for d in digits) % 10) % 10 == int(check), code


def test_taxonomy_counts_erythroblasts_in_marrow_but_beside_the_blood_100() -> None:
    for cell in CELLS:
        if coarse_class(cell.id) == "erythroblast":
            assert (cell.in_pb_100, cell.in_marrow_ndc, cell.per_100_wbc) == (False, True, True)


@pytest.mark.parametrize(
    "class_id",
    ["megakaryocyte", "macrophage", "smudge_cell", "platelet", "red_cell", "artefact", "other_cell", "unidentified"],
)
def test_taxonomy_keeps_out_of_every_denominator(class_id: str) -> None:
    assert not TAXONOMY[class_id].in_pb_100
    assert not TAXONOMY[class_id].in_marrow_ndc


def test_taxonomy_orders_stages_of_a_parent_line_by_maturation() -> None:
    line = ["myeloblast", "promyelocyte", "myelocyte", "metamyelocyte", "band_neutrophil", "segmented_neutrophil"]

    stages = [TAXONOMY[class_id].maturation for class_id in line]

    assert stages == [1, 2, 3, 4, 5, 6]
    assert {TAXONOMY[class_id].lineage for class_id in line} == {Lineage.GRANULOCYTIC}


def test_coarse_class_turns_pbc_11_into_8() -> None:
    assert {class_id: coarse_class(class_id) for class_id in PBC_11_TO_8} == PBC_11_TO_8


@pytest.mark.parametrize(
    ("class_id", "coarse"),
    [
        ("faggot_cell", "immature_granulocyte"),  # three steps
        ("lymphoblast", "blast"),
        ("hairy_cell", "lymphocyte"),
        ("proerythroblast", "erythroblast"),
        ("rbc", "red_cell"),
        ("unidentified", "unidentified"),
    ],
)
def test_coarse_class_follows_every_step_up(class_id: str, coarse: str) -> None:
    assert coarse_class(class_id) == coarse


def test_coarse_class_is_its_own_coarse_class() -> None:
    for class_id in TAXONOMY:
        assert coarse_class(coarse_class(class_id)) == coarse_class(class_id)


def test_cell_class_finds_detection_classes_that_the_taxonomy_does_not_count() -> None:
    assert cell_class("wbc").name("zh") == "白细胞"
    assert "wbc" not in TAXONOMY
    assert DETECTION_CLASSES["platelet"] is TAXONOMY["platelet"]


def test_cell_class_names_the_nearest_id_when_unknown() -> None:
    with pytest.raises(CellClassUnknownError, match=r"'Limphocyte' \(did you mean 'lymphocyte'\?\); allowed: blast, "):
        cell_class("Limphocyte")


def test_describe_unknown_gives_no_hint_when_nothing_is_near() -> None:
    assert describe_unknown("zzz", ["a", "b"]) == "'zzz'; allowed: a, b"


@pytest.mark.parametrize(("language", "name"), [("en", "Band neutrophil"), ("zh", "中性杆状核粒细胞")])
def test_name_speaks_the_language(language: str, name: str) -> None:
    assert TAXONOMY["band_neutrophil"].name("zh" if language == "zh" else "en") == name


# Linear RGB as seen with full protan and deutan deficiency (Machado 2009), and linear RGB to XYZ (sRGB, D65).
VISION = {
    "normal": np.eye(3),
    "protan": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]),
    "deutan": np.array([[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
}
XYZ = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])


def _lab(colour: str, vision: NDArray[np.float64]) -> NDArray[np.float64]:
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    x, y, z = XYZ @ np.clip(vision @ linear, 0, 1) / [0.9505, 1, 1.0888]
    f = [np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    ("vision", "class_ids", "distance"),
    [
        ("normal", list(TAXONOMY), 10),
        ("normal", [*PBC_11_TO_8, "unidentified"], 25),
        ("protan", [*PBC_11_TO_8, "unidentified"], 20),
        ("deutan", [*PBC_11_TO_8, "unidentified"], 20),
        ("deutan", list(DETECTION_CLASSES), 25),
    ],
)
def test_colours_stay_apart(vision: str, class_ids: list[str], distance: float) -> None:
    labs = {class_id: _lab(cell_class(class_id).colour, VISION[vision]) for class_id in class_ids}

    for one, other in combinations(class_ids, 2):
        assert np.linalg.norm(labs[one] - labs[other]) >= distance, (one, other)


@pytest.mark.parametrize(
    ("class_id", "expected"),
    [
        ("segmented_neutrophil", "wbc"),
        ("erythroblast", "wbc"),
        ("smudge_cell", "wbc"),
        ("megakaryocyte", "wbc"),
        ("wbc", "wbc"),
        ("red_cell", "rbc"),
        ("rbc", "rbc"),
        ("platelet", "platelet"),
        ("giant_platelet", "platelet"),
        ("artefact", None),
        ("unidentified", None),
    ],
)
def test_detection_class_is_what_a_detector_calls_the_cell(class_id: str, expected: str | None) -> None:
    assert detection_class(class_id) == expected


def test_every_class_has_a_detection_class_or_is_no_cell() -> None:
    assert {detection_class(class_id) for class_id in TAXONOMY} == {*DETECTION_CLASSES, None}
