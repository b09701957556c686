import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import CLASSIFIER_CLASSES
from dataset_builders import CELL_COLUMNS, write_pbc, write_table
from hemascope.data.detected_boxes import with_detected_boxes
from hemascope.data.readers import read_cells
from hemascope.data.sample import CellDataset
from hemascope.errors import DatasetError

CENTRAL = [40, 40, 60, 60]


def two_cells(root: Path) -> CellDataset:
    rows = [("a/1.png", "monocyte", "train"), ("b/2.png", "platelet", "train")]
    return read_cells("pbc", write_table(root, CELL_COLUMNS, rows), "train")


def box(class_id: str, box_xyxy: list[float], **more: Any) -> dict[str, Any]:
    return {"class": class_id, "box_xyxy": box_xyxy, "score": 0.9} | more


def write_document(path: Path, **detections: list[dict[str, Any]]) -> Path:
    """A document of `detect` over 100 x 100 pictures; the keyword `cell_1` stands for the file `1.png`."""
    images = [
        {"file": f"elsewhere/{name.removeprefix('cell_')}.png", "width": 100, "height": 100, "detections": found}
        for name, found in detections.items()
    ]
    path.write_text(json.dumps({"images": images}))
    return path


def test_reader_lists_the_cells_of_a_split_with_their_class(tmp_path: Path) -> None:
    dataset = read_cells("pbc", write_pbc(tmp_path, {"train": 2, "val": 1}), "train")
    assert len(dataset.samples) == 2 * len(CLASSIFIER_CLASSES)
    assert set(dataset.classes) == set(CLASSIFIER_CLASSES)
    assert [dataset.classes[i] for i in dataset.labels()] == [sample.label for sample in dataset.samples]
    assert all(sample.path.is_file() and sample.box_xyxy is None for sample in dataset.samples)


def test_every_cell_is_its_own_group(tmp_path: Path) -> None:
    samples = two_cells(tmp_path).samples
    assert len({sample.group for sample in samples}) == len(samples)


def test_unknown_label_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    write_table(tmp_path, CELL_COLUMNS, [("a.png", "blast", "train")])
    with pytest.raises(DatasetError, match="unknown label 'blast'; known: basophil"):
        read_cells("pbc", tmp_path, "train")


def test_unknown_cell_reader_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no cell reader 'txl-pbc'; known: annotated, apl-aml, folders"):
        read_cells("txl-pbc", tmp_path, "train")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], None),
        ([box("rbc", CENTRAL)], None),
        ([box("platelet", CENTRAL)], CENTRAL),
        ([box("platelet", CENTRAL), box("wbc", [38, 38, 70, 70])], [38, 38, 70, 70]),
        ([box("wbc", CENTRAL)], CENTRAL),
        ([box("wbc", [0, 0, 30, 30]), box("wbc", CENTRAL), box("wbc", [45, 45, 80, 80])], CENTRAL),
        ([box("wbc", [0, 0, 30, 30])], None),
        ([box("wbc", CENTRAL, above_threshold=True)], CENTRAL),
        ([box("wbc", CENTRAL, above_threshold=False)], None),
        ([box("wbc", CENTRAL, above_threshold=False), box("wbc", [38, 38, 70, 70])], [38, 38, 70, 70]),
    ],
    ids=[
        "nothing found", "red cell only", "platelet box only", "wbc before platelet", "one cell",
        "the nearest", "too far off", "strong enough", "too weak", "weak one does not hide a strong one",
    ],
)  # fmt: skip
def test_detected_box_is_the_central_white_cell_or_platelet(
    tmp_path: Path, found: list[dict[str, Any]], expected: list[float] | None
) -> None:
    document = write_document(tmp_path / "boxes.json", cell_1=found, cell_2=[box("platelet", CENTRAL)])
    monocyte, platelet = with_detected_boxes(two_cells(tmp_path), document).samples
    assert (None if monocyte.box_xyxy is None else monocyte.box_xyxy.tolist()) == expected
    np.testing.assert_array_equal(platelet.box_xyxy, CENTRAL)


def test_detected_boxes_are_refused_when_the_document_lacks_an_image(tmp_path: Path) -> None:
    document = write_document(tmp_path / "boxes.json", cell_1=[])
    with pytest.raises(DatasetError, match=r"lacks 2\.png; run 'hemascope detect' over all images"):
        with_detected_boxes(two_cells(tmp_path), document)


def test_detected_boxes_of_images_of_the_same_name_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    cells = two_cells(tmp_path)
    samples = [replace(s, path=tmp_path / folder / "1.png") for s, folder in zip(cells.samples, "ab", strict=True)]
    document = write_document(tmp_path / "boxes.json", cell_1=[box("wbc", CENTRAL)], cell_2=[])
    content = json.loads(document.read_text())
    for image, folder in zip(content["images"], "ab", strict=True):
        image["file"] = f"{folder}/1.png"
    document.write_text(json.dumps(content))
    first, second = with_detected_boxes(replace(cells, samples=tuple(samples)), document).samples
    assert first.box_xyxy is not None
    assert second.box_xyxy is None


def test_detected_boxes_are_refused_when_the_document_holds_an_image_twice(tmp_path: Path) -> None:
    document = write_document(tmp_path / "boxes.json", cell_1=[], cell_2=[])
    content = json.loads(document.read_text())
    content["images"][1]["file"] = content["images"][0]["file"]
    document.write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="holds an image twice"):
        with_detected_boxes(two_cells(tmp_path), document)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], None),
        ([box("platelet", CENTRAL)], None),
        ([box("wbc", [0, 0, 30, 30])], [0, 0, 30, 30]),
        ([box("wbc", CENTRAL), box("wbc", [0, 0, 60, 60])], [0, 0, 60, 60]),
        ([box("wbc", CENTRAL), box("wbc", [0, 0, 60, 60], above_threshold=False)], CENTRAL),
    ],
    ids=["nothing found", "platelet only", "far from the centre", "the largest", "too weak"],
)  # fmt: skip
def test_detected_box_of_a_cell_that_may_lie_anywhere_is_the_largest_white_cell(
    tmp_path: Path, found: list[dict[str, Any]], expected: list[float] | None
) -> None:
    document = write_document(tmp_path / "boxes.json", cell_1=found, cell_2=[])
    monocyte, _ = with_detected_boxes(two_cells(tmp_path), document, "largest").samples
    assert (None if monocyte.box_xyxy is None else monocyte.box_xyxy.tolist()) == expected


@pytest.mark.parametrize(
    "text", [None, "no json", "[]", "{}", '{"images": [{"name": "1.png"}]}', '{"images": [{"file": "1.png"}]}'],
    ids=["missing", "no JSON", "a list", "other document", "image without file", "image without detections"],
)  # fmt: skip
def test_detected_boxes_are_refused_when_the_file_is_no_document_of_detect(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "boxes.json").write_text(text)
    with pytest.raises(DatasetError, match=r"boxes\.json is not the output of 'hemascope detect --json'"):
        with_detected_boxes(two_cells(tmp_path), tmp_path / "boxes.json")
