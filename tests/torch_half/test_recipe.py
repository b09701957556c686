from pathlib import Path
from typing import Any

import pytest

from dataset_builders import classification_recipe, detection_recipe, optimisation, write_recipe
from hemascope.errors import RecipeError
from hemascope.training.recipe import DetectionRecipe, load_recipe, parse_recipe, recipe_digest
from hemascope.training.recipe_tables import fill_page

ROOT = Path(__file__).parents[2]


def test_recipe_takes_defaults_for_what_it_leaves_out(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path / "r.yaml", detection_recipe()))
    assert isinstance(recipe, DetectionRecipe)
    assert (recipe.seed, recipe.data.train_split, recipe.optimisation.clip_norm) == (0, "train", 10.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "segmentation"}, "r.yaml: recipe: .*'segmentation'"),
        ({"task": None}, "r.yaml: recipe: "),
        ({"epochs": 3}, r"r.yaml: epochs: .*[Ee]xtra inputs.*found 3"),
        ({"input_size": 0}, r"r.yaml: input_size: .*greater than 0, found 0"),
        ({"input_size": "big"}, r"input_size: .*found 'big'"),
        ({"optimisation": optimisation(epochs=-1)}, r"optimisation.epochs: .*found -1"),
        ({"optimisation": optimisation(lr=float("nan"))}, "optimisation.lr: .*found nan"),
        ({"optimisation": {"epochs": 1, "batch_size": 1}}, "optimisation.lr: Field required"),
        ({"augmentation": {"scale": [1.4, 0.6]}}, "augmentation.scale: .*the smaller first"),
        ({"augmentation": {"scale": [0, 1]}}, "augmentation.scale: .*above 0"),
        ({"augmentation": {"mosaic": 1.5}}, "augmentation.mosaic: .*found 1.5"),
        ({"model": {}}, "model.name: Field required"),
    ],
    ids=[
        "unknown task", "no task", "unknown key", "zero", "text", "negative", "nan", "missing", "inverted range",
        "range from zero", "share above one", "no model",
    ],
)  # fmt: skip
def test_recipe_error_names_the_key_and_what_was_found(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(write_recipe(tmp_path / "r.yaml", detection_recipe(**changes)))


@pytest.mark.parametrize(
    "content", [None, b"", b"a: [", b"- 1", b"\xff\xfe"], ids=["missing", "empty", "no YAML", "list", "binary"]
)
def test_file_that_is_no_recipe_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "r.yaml").write_bytes(content)
    with pytest.raises(RecipeError, match=r"r\.yaml: "):
        load_recipe(tmp_path / "r.yaml")


def test_recipe_survives_its_own_document() -> None:
    for content in (detection_recipe(), classification_recipe()):
        recipe = parse_recipe(content, "test")
        again = parse_recipe(recipe.model_dump(mode="json"), "test")
        assert again == recipe
        assert recipe_digest(again) == recipe_digest(recipe)


def test_digest_changes_with_any_field() -> None:
    digests = {
        recipe_digest(parse_recipe(detection_recipe(**changes), "test"))
        for changes in ({}, {"seed": 1}, {"loss": {"box_weight": 2.5}}, {"optimisation": optimisation(lr=0.1)})
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    "path",
    sorted(
        [
            *(ROOT / "configs").glob("*.yaml"),
            ROOT / "configs/detectors/detector.yaml",
            ROOT / "configs/detectors/backbone.yaml",
            *(p for p in (ROOT / "configs/classifiers").rglob("*.yaml") if not p.stem.endswith("-study")),
        ]
    ),
    ids=lambda path: path.stem,
)
def test_shipped_recipe_can_be_read(path: Path) -> None:
    assert load_recipe(path).data.reader


def test_training_page_agrees_with_the_recipes() -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert page.count("<!-- table: ") == 16
    assert fill_page(page) == page, "run: python tools/update_training_page.py"


def test_fill_page_refuses_a_table_it_does_not_know() -> None:
    with pytest.raises(KeyError, match="Prices"):
        fill_page("<!-- table: Prices -->\n<!-- end -->")
