from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builders import make_detections, make_manifest
from hemascope.core.detections import Detections
from hemascope.data.sample import FieldDataset, FieldSample
from hemascope.evaluation.contact_sheet import CROP_PX, contact_sheet
from hemascope.evaluation.cost import NetworkCost
from hemascope.evaluation.detection import DetectionEvaluation, measure_detections
from hemascope.evaluation.detection_page import write_detection_page
from hemascope.evaluation.mistake_pictures import FOUND_COLOUR, TRUTH_COLOUR, caption, mistake_crop, mistake_tiles
from hemascope.evaluation.mistakes import worst_mistakes
from hemascope.evaluation.page import FOLDER

CLASSES = ("wbc", "rbc")
THRESHOLDS = np.array([0.5, 0.5], np.float32)
LEFT, RIGHT, CORNER = (10, 10, 50, 50), (100, 10, 140, 50), (150, 90, 160, 100)


def evaluation_of(
    tmp_path: Path, truths: list[tuple[tuple[int, ...], int]], found: Detections, name: str = "field.png"
) -> DetectionEvaluation:
    """One field of 160 x 100 pixels."""
    Image.new("RGB", (160, 100), "white").save(tmp_path / name)
    boxes = np.array([box for box, _ in truths], np.float32).reshape(-1, 4)
    sample = FieldSample(tmp_path / name, boxes, np.array([c for _, c in truths], np.int64), "bccd", "0")
    return measure_detections(FieldDataset("painted", CLASSES, (sample,)), [found])


@pytest.mark.parametrize(
    ("truths", "boxes", "scores", "class_ids", "alarms", "misses"),
    [
        ([], [], [], [], [], []),
        ([(LEFT, 0)], [LEFT], [0.9], [0], [], []),
        ([], [LEFT], [0.9], [0], [("wbc 0.90", "no cell there")], []),
        ([], [LEFT], [0.4], [0], [], []),
        ([(LEFT, 0)], [], [], [], [], [("wbc missed", "no box near")]),
        ([(LEFT, 0)], [LEFT], [0.4], [0], [], [("wbc missed, score 0.40", "no box near")]),
        ([(LEFT, 0)], [LEFT, LEFT], [0.9, 0.8], [0, 0], [("wbc 0.80", "wbc at IoU 1.00, found twice")], []),
        ([(LEFT, 0)], [LEFT], [0.9], [1], [("rbc 0.90", "wbc at IoU 1.00")],
         [("wbc missed", "rbc box at IoU 1.00")]),
        ([(LEFT, 0), (LEFT, 0)], [LEFT], [0.9], [0], [], [("wbc missed", "wbc box at IoU 1.00, taken")]),
        ([(RIGHT, 1), (LEFT, 1)], [(30, 10, 70, 50)], [0.9], [1], [("rbc 0.90", "rbc at IoU 0.33")],
         [("rbc missed", "no box near"), ("rbc missed", "rbc box at IoU 0.33")]),
    ],
    ids=["empty", "right", "false alarm", "held back", "missed", "too low", "twice", "other class", "shared", "beside"],
)  # fmt: skip
def test_mistakes_say_what_went_wrong(
    tmp_path: Path,
    truths: list[tuple[tuple[int, ...], int]],
    boxes: list[tuple[int, ...]],
    scores: list[float],
    class_ids: list[int],
    alarms: list[tuple[str, str]],
    misses: list[tuple[str, str]],
) -> None:
    evaluation = evaluation_of(tmp_path, truths, make_detections(boxes, scores, class_ids))
    found_alarms, found_misses = worst_mistakes(evaluation, THRESHOLDS, 5)
    assert [caption(m)[:2] for m in found_alarms] == alarms
    assert [caption(m)[:2] for m in found_misses] == misses


def test_surest_alarms_and_largest_misses_of_each_class_come_first(tmp_path: Path) -> None:
    found = make_detections([(60, 60, 70, 70), (75, 60, 85, 70), (90, 60, 99, 70)], [0.6, 0.9, 0.7], [1, 1, 0])
    evaluation = evaluation_of(tmp_path, [(CORNER, 0), (LEFT, 0)], found)
    alarms, misses = worst_mistakes(evaluation, THRESHOLDS, 1)
    assert [(m.class_id, m.score) for m in alarms] == [("wbc", pytest.approx(0.7)), ("rbc", pytest.approx(0.9))]
    assert [m.box_xyxy.tolist() for m in misses] == [list(LEFT)]


@pytest.mark.parametrize("box", [LEFT, CORNER, (0, 0, 160, 100)], ids=["inside", "in a corner", "the whole field"])
def test_crop_shows_the_box_of_the_mistake(tmp_path: Path, box: tuple[int, ...]) -> None:
    miss = worst_mistakes(evaluation_of(tmp_path, [(box, 0)], Detections.empty()), THRESHOLDS, 1)[1][0]
    alarm = worst_mistakes(evaluation_of(tmp_path, [], make_detections([box])), THRESHOLDS, 1)[0][0]
    for mistake, colour in ((miss, TRUTH_COLOUR), (alarm, FOUND_COLOUR)):
        crop = mistake_crop(mistake)
        assert crop.size == (CROP_PX, CROP_PX)
        rgb = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
        assert (np.array(crop) == rgb).all(axis=2).sum() > CROP_PX  # a frame of some size


def test_sheet_starts_a_new_row_for_every_class(tmp_path: Path) -> None:
    found = make_detections([(10, 10, 20, 20), (30, 30, 40, 40)], [0.9, 0.8], [0, 1])
    alarms = worst_mistakes(evaluation_of(tmp_path, [], found), THRESHOLDS, 5)[0]
    tiles = mistake_tiles(alarms)
    two_rows, one_row = contact_sheet("t", "legend", tiles), contact_sheet("t", "legend", tiles[:1])
    none = contact_sheet("t", "legend", [])
    assert two_rows.width == one_row.width == none.width
    assert two_rows.height - one_row.height == one_row.height - none.height > CROP_PX


def test_page_is_one_file_that_loads_nothing_and_escapes_names(tmp_path: Path) -> None:
    found = make_detections([LEFT, CORNER], [0.9, 0.8], [0, 1])
    evaluation = evaluation_of(tmp_path, [(RIGHT, 1)], found, "<b>&.png")
    for name in ("confusion.png", "precision_recall.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    manifest = make_manifest("detection", classes=list(CLASSES))
    write_detection_page(evaluation, manifest, NetworkCost(10, 20, 64, 5.0, 1), "val", THRESHOLDS, tmp_path)
    assert sorted(p.name for p in (tmp_path / FOLDER).iterdir()) == [
        "evaluation.html",
        "false_alarms.png",
        "misses.png",
    ]
    page = (tmp_path / FOLDER / "evaluation.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == 3
    assert page.count("data:image/png") == 2
    for forbidden in ("http://", "https://", "<b>", "<script"):
        assert forbidden not in page
    assert "default-src 'none'" in page
    assert page.count("<tr>") == 2 + 4 + 20  # heads, classes on all and on the one source, operating points
