import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hemascope.data.readers import read_cells, read_fields
from hemascope.data.versions import DatasetVersion, read_version, verify_version
from hemascope.errors import DatasetError
from hemascope.service.label_export import CROP_CONTEXT, ExportOptions, export_labels

MODELS = {"models": ["detector-light 1.0.0 aaaaaaaaaaaa"], "schema": "hemascope.proposal/1", "sha256": "0" * 64}


def shape(label: str, x: float, *, proposed: bool = False, **other: Any) -> dict[str, Any]:
    points = [[x, 20], [x + 20, 50]]
    return {"label": label, "points": points, "shape_type": "rectangle", "flags": {"proposed": proposed}} | other


def write(folder: Path, number: int, *shapes: dict[str, Any], **other: Any) -> None:
    """A field of its own noise, so that no two are copies."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(number)
    small = Image.fromarray(rng.integers(0, 255, (8, 10, 3), np.uint8))
    small.resize((200, 160), Image.Resampling.BICUBIC).save(folder / f"f{number}.png")
    document = {
        "version": "5.5.0",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": f"f{number}.png",
        "imageData": None,
    }
    (folder / f"f{number}.json").write_text(json.dumps(document | {"hemascope": MODELS} | other))


def options(kind: str = "crops", **changes: Any) -> ExportOptions:
    return ExportOptions(kind, "tester", **changes)  # type: ignore[arg-type]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Ten confirmed fields with a blast, a monocyte, a red cell and a cell without a class each."""
    folder = tmp_path / "labels"
    for number in range(10):
        cells = (shape("blast", 10), shape("monocyte", 60), shape("red_cell", 100), shape("wbc", 140))
        write(folder, number, *cells)
    return folder


def test_crops_of_named_cells_are_written_with_their_boxes(labels: Path, tmp_path: Path) -> None:
    place, version = export_labels(labels, tmp_path / "cells", options())
    assert place == tmp_path / "cells" / "v1"
    assert version.classes == {"blast": 10, "monocyte": 10}
    assert version.provenance.left_out == {"not a cell to classify": 10, "without a class": 10}
    train, val = (read_cells("annotated", place, split) for split in ("train", "val"))
    assert (len(train.samples), len(val.samples), train.classes) == (16, 4, ("blast", "monocyte"))
    sample = train.samples[0]
    assert sample.box_xyxy is not None
    x1, y1, x2, y2 = sample.box_xyxy
    with Image.open(sample.path) as crop, Image.open(labels / f"{sample.group}") as field:
        assert crop.width == crop.height == round(30 * CROP_CONTEXT)
        left = 10 if sample.label == "blast" else 60
        inside = np.asarray(field)[20:50, left : left + 20]
        assert (np.asarray(crop)[int(y1) : int(y2), int(x1) : int(x2)] == inside).all()


def test_fields_are_written_with_the_names_of_the_detector(labels: Path, tmp_path: Path) -> None:
    place, version = export_labels(labels, tmp_path / "fields", options("fields"))
    assert version.classes == {"rbc": 10, "wbc": 30}
    dataset = read_fields("annotated", place, "train")
    assert (dataset.classes, len(dataset.samples), dataset.samples[0].boxes_xyxy.shape) == (
        ("wbc", "rbc"), 8, (4, 4)
    )  # fmt: skip
    own, _ = export_labels(labels, tmp_path / "own", options("fields", names="cell"))
    assert "monocyte" in read_fields("annotated", own, "val").classes


def test_class_that_was_looked_for_is_told_though_no_field_shows_it(labels: Path, tmp_path: Path) -> None:
    looked_for = options("fields", looked_for=("wbc", "rbc", "platelet"))
    place, _ = export_labels(labels, tmp_path / "fields", looked_for)
    assert read_fields("annotated", place, "train").classes == ("wbc", "rbc", "platelet")
    with pytest.raises(DatasetError, match="did you mean 'platelet'"):
        export_labels(labels, tmp_path / "fields", options("fields", looked_for=("platelets",)))


def test_unidentified_cell_is_what_the_detector_saw_and_debris_is_no_box(tmp_path: Path) -> None:
    for number in range(4):
        seen = shape("unidentified", 10, detected_as="platelet")
        write(tmp_path / "labels", number, seen, shape("unidentified", 60), shape("artefact", 100))
    _, version = export_labels(tmp_path / "labels", tmp_path / "fields", options("fields"))
    assert version.classes == {"platelet": 4, "wbc": 4}


def test_manifest_says_who_when_from_what_and_every_hash(labels: Path, tmp_path: Path) -> None:
    place, version = export_labels(labels, tmp_path / "cells", options())
    assert read_version(place) == verify_version(place) == version
    assert (version.name, version.number, version.provenance.created_by) == ("cells", 1, "tester")
    assert version.provenance.models == ("detector-light 1.0.0 aaaaaaaaaaaa",)
    assert len(version.files) == 21
    assert Counter(Path(name).suffix for name in version.files) == {".png": 20, ".json": 1}


@pytest.mark.parametrize("fault", ["changed", "missing", "added", "manifest"])
def test_version_that_was_touched_is_not_read(labels: Path, tmp_path: Path, fault: str) -> None:
    place, version = export_labels(labels, tmp_path / "cells", options())
    victim = place / next(name for name in version.files if name.endswith(".png"))
    if fault == "changed":
        victim.write_bytes(victim.read_bytes() + b"x")
    elif fault == "missing":
        victim.unlink()
    elif fault == "added":
        (place / "images" / "more.png").touch()
    else:
        text = (place / "version.json").read_text()
        (place / "version.json").write_text(text.replace(version.digest, "0" * 64))
    with pytest.raises(DatasetError, match="was edited" if fault == "manifest" else fault):
        read_cells("annotated", place, "train")


def test_second_version_keeps_every_field_in_its_part(labels: Path, tmp_path: Path) -> None:
    _, first = export_labels(labels, tmp_path / "cells", options())
    for number in range(10, 20):
        write(labels, number, shape("blast", 10), shape("eosinophil", 60))
    place, second = export_labels(labels, tmp_path / "cells", options(seed=5))
    assert (place.name, second.number, second.previous) == ("v2", 2, first.digest)
    assert first.part_of_field.items() <= second.part_of_field.items()
    assert Counter(second.part_of_field.values()) == {"train": 16, "val": 4}
    assert verify_version(place.parent / "v1") == first


def test_few_new_fields_go_to_training(labels: Path, tmp_path: Path) -> None:
    export_labels(labels, tmp_path / "cells", options())
    write(labels, 10, shape("blast", 10))
    _, second = export_labels(labels, tmp_path / "cells", options())
    assert second.part_of_field["f10.png"] == "train"


def test_copies_of_a_field_stay_in_one_part(labels: Path, tmp_path: Path) -> None:
    for number in range(5):
        copy = Image.open(labels / f"f{number}.png").rotate(180)
        write(labels, 100 + number, shape("blast", 10))
        copy.save(labels / f"f{100 + number}.png")
    _, version = export_labels(labels, tmp_path / "cells", options())
    assert all(version.part_of_field[f"f{i}.png"] == version.part_of_field[f"f{100 + i}.png"] for i in range(5))


def test_pattern_keeps_patients_together(labels: Path, tmp_path: Path) -> None:
    for path in sorted(labels.glob("f*.json")):
        number = int(path.stem[1:])
        document = json.loads(path.read_text())
        patient = f"p{number % 5}_{number}"
        (labels / f"f{number}.png").rename(labels / f"{patient}.png")
        (labels / f"{patient}.json").write_text(json.dumps(document | {"imagePath": f"{patient}.png"}))
        path.unlink()
    _, version = export_labels(labels, tmp_path / "cells", options(group_by=r"(p\d)_"))
    parts_of = {f"p{i}": {part for name, part in version.part_of_field.items() if f"p{i}_" in name} for i in range(5)}
    assert all(len(parts) == 1 for parts in parts_of.values())


class TestUnconfirmed:
    @pytest.fixture
    def half(self, labels: Path) -> Path:
        """One more field, with one box confirmed and one proposed."""
        write(labels, 10, shape("blast", 10), shape("blast", 60, proposed=True))
        return labels

    def test_is_refused_by_default(self, half: Path, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"1 boxes in 1 files wait .* 'f10\.png'"):
            export_labels(half, tmp_path / "cells", options())
        assert not (tmp_path / "cells").exists()

    def test_crops_can_skip_the_box(self, half: Path, tmp_path: Path) -> None:
        _, version = export_labels(half, tmp_path / "cells", options(unconfirmed="skip"))
        assert (version.classes["blast"], version.provenance.left_out["unconfirmed"]) == (11, 1)

    def test_fields_skip_the_whole_field(self, half: Path, tmp_path: Path) -> None:
        _, version = export_labels(half, tmp_path / "fields", options("fields", unconfirmed="skip"))
        assert sum(version.parts.values()) == 10
        assert version.provenance.left_out == {"unconfirmed": 1, "in unfinished fields": 1}

    def test_can_be_included(self, half: Path, tmp_path: Path) -> None:
        _, version = export_labels(half, tmp_path / "cells", options(unconfirmed="include"))
        assert version.classes["blast"] == 12

    def test_flag_of_the_file_confirms_all_of_it(self, half: Path, tmp_path: Path) -> None:
        document = json.loads((half / "f10.json").read_text())
        (half / "f10.json").write_text(json.dumps(document | {"flags": {"confirmed": True}}))
        _, version = export_labels(half, tmp_path / "cells", options())
        assert version.classes["blast"] == 12


def test_label_that_the_taxonomy_lacks_is_named(labels: Path, tmp_path: Path) -> None:
    write(labels, 10, shape("monocyt", 10))
    with pytest.raises(DatasetError, match=r"f10\.json, shapes\[0\].*did you mean 'monocyte'"):
        export_labels(labels, tmp_path / "cells", options())


def test_nothing_to_export_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "labels", 0, shape("red_cell", 10))
    with pytest.raises(DatasetError, match="nothing to export"):
        export_labels(tmp_path / "labels", tmp_path / "cells", options())


def test_missing_image_is_named_and_no_version_is_left(labels: Path, tmp_path: Path) -> None:
    (labels / "f3.png").unlink()
    with pytest.raises(DatasetError, match=r"f3\.png"):
        export_labels(labels, tmp_path / "cells", options())


def test_document_is_stable(labels: Path, tmp_path: Path) -> None:
    place, version = export_labels(labels, tmp_path / "cells", options())
    content = json.loads((place / "version.json").read_text())
    assert content["schema"] == "hemascope.dataset-version/1"
    assert DatasetVersion.model_validate(content) == version
