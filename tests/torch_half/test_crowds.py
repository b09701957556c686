import csv
import math
from pathlib import Path

import numpy as np
import pytest

from builders import make_detections, make_manifest, tiny_bundle
from dataset_builders import write_txl_pbc
from hemascope.core.boxes import nms_xyxy
from hemascope.core.detections import Detections
from hemascope.data.readers import read_fields
from hemascope.data.sample import FieldDataset, FieldSample
from hemascope.evaluation.crowd_report import crowd_headline, write_crowd_report
from hemascope.evaluation.crowds import (
    MEAN,
    PAIR_OVERLAPS,
    PARTS,
    SUPPRESSIONS,
    CrowdEvaluation,
    crowdedness_of,
    evaluate_crowds,
    own_class_overlap,
    propose_candidates,
)
from hemascope.inference.bundle import load_bundle

CELL, COVERED, AWAY = (0, 0, 10, 10), (4, 0, 14, 10), (50, 50, 60, 60)  # the first two at IoU 3/7


def boxes(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


@pytest.mark.parametrize(
    ("cells", "mean_overlap", "touching_share"),
    [
        ([], 0, 0),
        ([CELL], 0, 0),
        ([CELL, AWAY], 0, 0),
        ([CELL, COVERED, AWAY], 2 / 7, 2 / 3),
        ([CELL, CELL], 1, 1),
    ],
    ids=["none", "one", "apart", "two of three", "identical"],
)
def test_crowdedness_is_the_overlap_with_the_nearest_neighbour(
    cells: list[tuple[int, ...]], mean_overlap: float, touching_share: float
) -> None:
    found = crowdedness_of(boxes(*cells))
    assert (found.mean_overlap, found.touching_share) == pytest.approx((mean_overlap, touching_share))


def test_only_neighbours_of_the_same_class_can_be_merged() -> None:
    overlap = own_class_overlap(boxes(CELL, COVERED, CELL, AWAY), np.array([0, 0, 1, 1]))
    assert overlap.tolist() == pytest.approx([3 / 7, 3 / 7, 0, 0])
    assert own_class_overlap(boxes(), np.zeros(0, np.int64)).shape == (0,)


def crowd(fields: int = 8) -> tuple[FieldDataset, list[Detections]]:
    """Field `i` has two cells that approach each other; every cell is proposed exactly."""
    samples, candidates = [], []
    for i in range(fields):
        cells = boxes(CELL, (11 - i, 0, 21 - i, 10))
        samples.append(FieldSample(Path(f"{i}.png"), cells, np.zeros(2, np.int64), "x", str(i)))
        candidates.append(make_detections(cells.tolist(), [0.9, 0.8]))
    return FieldDataset("crowd", ("wbc", "rbc"), tuple(samples)), candidates


def measured() -> CrowdEvaluation:
    return evaluate_crowds(*crowd(), lambda *_: None)


def test_quartiles_are_equal_parts_in_order_of_crowdedness() -> None:
    rows = [r for r in measured().rows if r.suppression == "NMS 0.5" and r.class_id == MEAN]
    assert [(r.part, r.fields, r.truths) for r in rows] == [("all", 8, 16), *((part, 2, 4) for part in PARTS)]
    overlap = [r.mean_overlap for r in rows[1:]]
    assert overlap == sorted(overlap)
    assert rows[0].mean_overlap == pytest.approx(np.mean(overlap))


def test_strict_suppression_loses_the_covered_cell_and_soft_keeps_it() -> None:
    recall = {(p.suppression, p.min_overlap): p for p in measured().pairs if p.class_id == "wbc"}
    assert recall["NMS 0.7", 0.3].recall50 == 1.0
    assert recall["NMS 0.4", 0.3].recall50 == pytest.approx(3 / 4)  # merges at IoU 3/7, not at 1/3
    assert recall["Soft-NMS gaussian 0.5", 0.3].recall50 == 1.0
    truths = [recall["NMS 0.7", least].truths for least in PAIR_OVERLAPS]
    assert truths == sorted(truths, reverse=True)


def test_class_without_cells_has_no_figures_and_does_not_enter_the_mean() -> None:
    found = measured()
    assert math.isnan(next(p for p in found.pairs if p.class_id == "rbc").recall50)
    of = {r.class_id: r for r in found.rows if (r.suppression, r.part) == ("NMS 0.7", "all")}
    assert math.isnan(of["rbc"].ap)
    assert of[MEAN].ap == of["wbc"].ap == 1.0
    assert of[MEAN].best_f1 == 1.0


def test_candidates_are_what_a_bundle_proposes_before_suppression(tmp_path: Path) -> None:
    dataset = read_fields("txl-pbc", write_txl_pbc(tmp_path / "d", {"val": [0, 1]}), "val")
    bundle = load_bundle(tiny_bundle(tmp_path / "b", "detection"))
    fields, candidates = propose_candidates(bundle, dataset, 1, lambda *_: None)
    assert fields.classes == dataset.classes
    assert len(candidates) == 2
    for found in candidates:
        assert len(found) > 0
        assert (np.diff(found.scores) <= 0).all()
        everything = nms_xyxy(found.boxes_xyxy, found.scores, found.class_ids, 1.0)
        assert len(everything) == len(found)


def test_report_has_the_tables_and_marks_the_best(tmp_path: Path) -> None:
    found = measured()
    write_crowd_report(found, make_manifest("detection"), "crowd", "val", tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["crowd_pairs.csv", "crowds.csv", "crowds.md", "machine.json"]
    with (tmp_path / "crowds.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == len(found.rows) == len(SUPPRESSIONS) * (len(PARTS) + 1) * 3
    page = (tmp_path / "crowds.md").read_text(encoding="utf-8")
    assert "| NMS 0.7 | **1.0000** | **1.0000** |" in page
    assert "of rbc" not in page  # there is none
    assert "nan" not in page
    assert crowd_headline(found)["NMS 0.7, quartile 4"] == 1.0
