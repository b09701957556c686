from pathlib import Path
from typing import Any

import pytest
import torch

from dataset_builders import detection_recipe, write_txl_pbc
from hemascope.errors import HemascopeError, ModelError, RecipeError
from hemascope.training.detection import detection_task
from hemascope.training.device import choose_device
from hemascope.training.painted import paint_training_fields
from hemascope.training.recipe import DetectionRecipe, parse_recipe


def test_painted_fields_join_the_training_part_and_thinning_leaves_some_out(tmp_path: Path) -> None:
    root = write_txl_pbc(tmp_path / "data", {"train": [0, 1, 2, 3], "val": [0]})
    data = {"reader": "txl-pbc", "cache_px": 64, "allow_leaks": True, "classes": ["platelet", "wbc"]}
    for extra, images in (({}, 4), ({"train_fields": 2}, 2), ({"train_fields": 1, "painted_fields": 3}, 4)):
        recipe = parse_recipe(detection_recipe(data=data | extra), "test")
        assert isinstance(recipe, DetectionRecipe)
        task = detection_task(recipe, root)
        assert (task.classes, len(task.inputs)) == (("platelet", "wbc"), images)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"train_fields": 9}, "data.train_fields is 9: the training part has 1 images"),
        ({"classes": ["wbc", "yeast"]}, r"expected different ones of \['wbc', 'rbc', 'platelet'\]"),
        ({"classes": ["wbc", "wbc"]}, "expected different ones"),
    ],
    ids=["too many", "unknown class", "class twice"],
)
def test_data_choice_that_does_not_fit_is_refused(tmp_path: Path, data: dict[str, Any], message: str) -> None:
    root = write_txl_pbc(tmp_path / "data", {"train": [0], "val": [0]})
    choice = {"reader": "txl-pbc", "cache_px": 64, "allow_leaks": True} | data
    recipe = parse_recipe(detection_recipe(data=choice), "test")
    assert isinstance(recipe, DetectionRecipe)
    with pytest.raises(HemascopeError, match=message):
        detection_task(recipe, root)


def test_painted_fields_are_the_same_for_a_seed_and_hold_only_the_wanted_classes() -> None:
    first, again = (paint_training_fields(3, 5, 96, ("wbc",)) for _ in range(2))
    other = paint_training_fields(3, 6, 96, ("wbc",))
    assert [f.rgb.shape for f in first] == [(96, 96, 3)] * 3
    assert all((a.rgb == b.rgb).all() for a, b in zip(first, again, strict=True))
    assert any((a.rgb != b.rgb).any() for a, b in zip(first, other, strict=True))
    assert {int(i) for f in first for i in f.class_ids} == {0}
    with pytest.raises(RecipeError, match="cannot teach the classes \\['myelocyte'\\]"):
        paint_training_fields(1, 0, 96, ("myelocyte",))


def test_device_that_does_not_exist_is_refused() -> None:
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    for name in ("abacus", "cuda:99"):
        with pytest.raises(ModelError, match=f"device '{name}' cannot be used: .*choose auto, cpu"):
            choose_device(name)
