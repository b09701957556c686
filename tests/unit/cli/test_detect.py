import json
from pathlib import Path

import pytest

from unit.cli.conftest import Command, paint_smear


def test_document_has_the_promised_form(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    image = paint_smear(tmp_path / "a.png")
    outcome = hemascope("detect", image, "--detector", "tiny-detection", "--json", tmp_path / "d.json")
    assert outcome == (0, "", "")
    document = json.loads((tmp_path / "d.json").read_text())
    assert document["schema"] == "hemascope.detections/1"
    assert document["model"]["name"] == "tiny-detection"
    (found,) = document["images"]
    assert (found["file"], found["width"], found["height"]) == (str(image), 640, 480)
    assert sorted(found["detections"], key=lambda one: one["box_xyxy"])[0] == {
        "box_xyxy": [64, 96, 96, 128], "score": pytest.approx(0.98, abs=0.05), "class": "wbc",
        "above_threshold": True,
    }  # fmt: skip
    assert sorted(one["class"] for one in found["detections"]) == ["platelet", "rbc", "wbc", "wbc"]


def test_threshold_of_the_model_is_marked_and_min_score_cuts(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    image = paint_smear(tmp_path / "a.png")
    everything = json.loads(hemascope("detect", image, "--detector", "tiny-detection", "--min-score", "0").out)
    strong = json.loads(hemascope("detect", image, "--detector", "tiny-detection", "--min-score", "0.5").out)
    (all_boxes,), (strong_boxes,) = (
        [image["detections"] for image in document["images"]] for document in (everything, strong)
    )
    threshold = everything["model"]["thresholds"]["score"]
    assert len(strong_boxes) < len(all_boxes)
    assert min(one["score"] for one in strong_boxes) >= 0.5
    assert {one["above_threshold"] for one in all_boxes} == {True, False}
    assert all(one["above_threshold"] == (one["score"] >= threshold) for one in all_boxes)


def test_document_goes_to_standard_output_by_default(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    outcome = hemascope("detect", paint_smear(tmp_path / "a.png"), "--detector", "tiny-detection")
    assert len(json.loads(outcome.out)["images"]) == 1


def test_unreadable_image_is_in_the_document_and_on_stderr(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    (tmp_path / "b.png").touch()
    paint_smear(tmp_path / "a.png")
    outcome = hemascope("detect", tmp_path / "*.png", "--detector", "tiny-detection")
    document = json.loads(outcome.out)
    assert outcome.code == 1
    assert [problem["code"] for problem in document["problems"]] == ["image_empty"]
    assert "b.png" in outcome.err


def test_nothing_usable_ends_with_2_and_an_empty_document(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    outcome = hemascope("detect", tmp_path / "none.png", "--detector", "tiny-detection")
    assert outcome.code == 2
    assert json.loads(outcome.out)["images"] == []


def test_document_without_a_place_is_refused_before_the_work(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    place = tmp_path / "missing" / "d.json"
    outcome = hemascope("detect", paint_smear(tmp_path / "a.png"), "--detector", "tiny-detection", "--json", place)
    assert (outcome.code, "its folder does not exist" in outcome.err) == (2, True)


def test_full_disk_ends_with_2(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    (tmp_path / "d.json.part").symlink_to("/dev/full")
    arguments = ("--detector", "tiny-detection", "--json", tmp_path / "d.json")
    outcome = hemascope("detect", paint_smear(tmp_path / "a.png"), *arguments)
    assert (outcome.code, "No space left" in outcome.err) == (2, True)
