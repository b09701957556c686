from typing import Any

import pytest
from pydantic import ValidationError

from builders import make_manifest, manifest_content
from hemascope.core.manifest import ModelManifest


@pytest.mark.parametrize("task", ["detection", "classification"])
def test_manifest_survives_a_round_trip_through_json(task: str) -> None:
    manifest = make_manifest(task)
    assert ModelManifest.model_validate_json(manifest.model_dump_json(by_alias=True)) == manifest


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schema": "hemascope.bundle/2"}, "schema"),
        ({"name": "With Space"}, "name"),
        ({"task": "segmentation"}, "task"),
        ({"onnx_sha256": "abc"}, "onnx_sha256"),
        ({"classes": []}, "classes"),
        ({"classes": ["wbc", "wbc"]}, "class ids must differ"),
        ({"detection": None}, "exactly the 'detection' settings"),
        ({"classification": {"crop_context": 1.5}}, "exactly the 'detection' settings"),
        ({"detection": {"score_threshold": 1.5}}, "score_threshold"),
        ({"detection": {"score_threshold": float("nan")}}, "score_threshold"),
        ({"detection": {"score_threshold": 0.5, "nms": 0.5}}, "nms"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_manifest_refuses_and_names_the_field_when_one_is_wrong(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        ModelManifest.model_validate(manifest_content("detection") | changes)


def test_manifest_refuses_when_a_field_is_missing() -> None:
    content = manifest_content("classification")
    del content["licence"]
    with pytest.raises(ValidationError, match="licence"):
        ModelManifest.model_validate(content)


def test_manifest_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_manifest("detection").name = "other"


def test_manifest_refuses_conformal_quantiles_of_other_classes() -> None:
    sets = {"coverage": 0.95, "quantiles": {"basophil": 0.5}}
    with pytest.raises(ValidationError, match=r"conformal quantiles and classes differ in .*'lymphocyte'"):
        make_manifest("classification", classification={"crop_context": 1.5, "conformal": sets})
