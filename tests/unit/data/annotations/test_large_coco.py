import json
import subprocess
import sys
from pathlib import Path

import pytest

from hemascope.data.annotations import read_annotations, write_annotations

# VmHWM and not getrusage, whose peak a child takes over from its parent
MEASURE = """
import re
import sys
import psutil
from pathlib import Path
from hemascope.data.annotations.convert import convert_annotations

source, out = sys.argv[1:]
before = psutil.Process().memory_info().rss
convert_annotations(Path(source), Path(out), "coco", from_format="coco")
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
print(peak - before)
"""


def write_coco(path: Path, images: int, boxes: int, text: str = "") -> Path:
    """Annotations first, and not by image."""
    with path.open("w") as out:
        out.write('{"annotations": [')
        for number in range(images * boxes):
            row = {"id": number, "image_id": number % images, "category_id": 1, "bbox": [number % 91, 2, 30, 40]}
            out.write(("," if number else "") + json.dumps(row | {"description": text}))
        rows = [{"id": number, "file_name": f"{number}.jpg", "width": 640, "height": 480} for number in range(images)]
        out.write(f'], "images": {json.dumps(rows)}, "categories": [{{"id": 1, "name": "wbc"}}]}}')
    return path


def test_annotations_in_any_order_come_to_their_images(tmp_path: Path) -> None:
    records = list(read_annotations(write_coco(tmp_path / "a.json", 5, 3), "coco"))
    assert [record.name for record in records] == [f"{number}.jpg" for number in range(5)]
    assert [[shape.points[0][0] for shape in record.shapes] for record in records] == [
        [number, number + 5, number + 10] for number in range(5)
    ]


def test_large_file_is_converted_in_less_memory_than_its_text_takes(tmp_path: Path) -> None:
    source = write_coco(tmp_path / "large.json", 5000, 2, text="x" * 6000)
    command = [sys.executable, "-c", MEASURE, str(source), str(tmp_path / "out")]
    grown = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert source.stat().st_size > 60e6
    assert grown < 48e6


def test_numbers_and_order_of_categories_are_those_asked_for(tmp_path: Path) -> None:
    records = read_annotations(write_coco(tmp_path / "a.json", 1, 1), "coco")
    write_annotations(records, tmp_path / "b.json", "coco", classes=("rbc", "wbc"))
    coco = json.loads((tmp_path / "b.json").read_text())
    assert [(row["id"], row["name"]) for row in coco["categories"]] == [(1, "rbc"), (2, "wbc")]
    assert coco["annotations"][0]["category_id"] == 2


@pytest.mark.parametrize(
    ("segmentation", "kind"),
    [
        ([[1, 2, 31, 2, 31, 42]], "polygon"),
        ([], "box"),
        ([[1, 2, 31, 2, 31, 42], [0, 0, 5, 0, 5, 5]], "box"),
        ({"counts": [1, 2], "size": [480, 640]}, "box"),
    ],
)
def test_segmentation_of_any_kind_survives_coco_to_labelme_to_coco(
    tmp_path: Path, segmentation: object, kind: str
) -> None:
    document = json.loads(write_coco(tmp_path / "a.json", 1, 1).read_text())
    document["annotations"][0] |= {"segmentation": segmentation, "bbox": [1, 2, 30, 40], "area": 321.5}
    (tmp_path / "a.json").write_text(json.dumps(document))
    (record,) = read_annotations(tmp_path / "a.json")
    assert record.shapes[0].kind == kind
    write_annotations([record], tmp_path / "labelme", "labelme")
    write_annotations(read_annotations(tmp_path / "labelme"), tmp_path / "b.json", "coco")
    (row,) = json.loads((tmp_path / "b.json").read_text())["annotations"]
    assert row.get("segmentation", []) == segmentation
    assert (row["bbox"], row["area"]) == ([1, 2, 30, 40], 321.5)
