import csv
import json

import numpy as np
import pytest
from PIL import Image

from hemascope.errors import OutputError
from hemascope.synth.settings import FieldSettings
from hemascope.synth.smear import SmearSettings, paint_smear
from hemascope.synth.writer import PAINTED_CLASSES, TRUTH_COLUMNS, write_smear

SETTINGS = SmearSettings(FieldSettings(width=160, height=120, pixels_per_micron=4.0), fields=3, seed=1)


def test_written_smear_reads_back_as_it_was_painted(tmp_path):
    heard = []
    written = write_smear(tmp_path / "new" / "smear", SETTINGS, with_masks=True, on_field=heard.append)

    painted = list(paint_smear(SETTINGS))
    assert heard == list(written.images)
    assert written.cells == sum(len(field.class_ids) for field in painted) > 0
    with written.truth[0].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    coco = json.loads(written.truth[1].read_text(encoding="utf-8"))
    names = {category["id"]: category["name"] for category in coco["categories"]}
    assert tuple(names.values()) == PAINTED_CLASSES
    assert tuple(rows[0]) == TRUTH_COLUMNS
    for image, field, entry in zip(written.images, painted, coco["images"], strict=True):
        with Image.open(image) as jpeg, Image.open(tmp_path / "new" / "smear" / "masks" / f"{image.stem}.png") as mask:
            assert np.abs(np.asarray(jpeg, dtype=float) - field.rgb).mean() < 3
            assert np.array_equal(np.asarray(mask), field.instance_mask)
        boxes = [tuple(float(row[k]) for k in ("x1", "y1", "x2", "y2")) for row in rows if row["file"] == image.name]
        assert boxes == [tuple(box) for box in field.boxes_xyxy.tolist()]
        assert [row["class"] for row in rows if row["file"] == image.name] == list(field.class_ids)
        annotations = [a for a in coco["annotations"] if a["image_id"] == entry["id"]]
        assert entry == {"id": entry["id"], "file_name": image.name, "width": 160, "height": 120}
        assert [names[a["category_id"]] for a in annotations] == list(field.class_ids)
        assert [(x, y, x + w, y + h) for x, y, w, h in (a["bbox"] for a in annotations)] == boxes
        assert [a["area"] for a in annotations] == [
            int((field.instance_mask == label).sum()) for label in range(1, len(annotations) + 1)
        ]


def test_smear_without_truth_is_pictures_only(tmp_path):
    written = write_smear(tmp_path, SETTINGS, with_truth=False)

    assert written.truth == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["field_0001.jpg", "field_0002.jpg", "field_0003.jpg"]


def test_writing_again_repeats_the_same_files(tmp_path):
    first = {path: path.read_bytes() for path in write_smear(tmp_path, SETTINGS).images}
    second = {path: path.read_bytes() for path in write_smear(tmp_path, SETTINGS).images}

    assert first == second


def test_folder_with_fields_of_a_longer_smear_is_refused(tmp_path):
    (tmp_path / "field_0004.jpg").touch()

    with pytest.raises(OutputError, match=r"already holds field_0004\.jpg of another smear"):
        write_smear(tmp_path, SETTINGS)


def test_output_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").touch()

    with pytest.raises(OutputError, match=r"cannot write to .*taken"):
        write_smear(tmp_path / "taken", SETTINGS)
