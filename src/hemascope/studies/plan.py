"""A study file: one base recipe and the runs that differ from it."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.errors import RecipeError
from hemascope.training.recipe import (
    AnyRecipe,
    ClassificationRecipe,
    DetectionRecipe,
    parse_recipe,
    recipe_digest,
)

Seed = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _OtherRun(_Strict):
    study: str  # study file, relative to this one
    run: str


class _RunChoice(_Strict):
    change: dict[str, Any] = {}  # dotted key of the recipe -> value; null takes the key out
    seeds: tuple[Seed, ...] | None = None
    base: str | None = None  # another base recipe than the study's
    baseline: Literal["mean-colour", "majority"] | None = (
        None  # classifiers: no network, on the recipe's data and steps
    )
    initial: _OtherRun | None = None  # classifiers: whose first seed's weights it starts from, all but the class layer


class _StudyFile(_Strict):
    title: str
    base: str  # recipe file, relative to the study's
    initial_backbone: str | None = None  # recipe file of the run whose backbone all runs start from
    crops: Literal["whole", "detected"] = "whole"  # classifiers: detected needs the boxes of `hemascope detect`
    headline_class: str | None = None  # detectors: class whose figures the table and the plot show
    seeds: tuple[Seed, ...] = (0,)
    runs: Annotated[dict[str, _RunChoice], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class StudyRun:
    """One training of the table; runs of equal recipe share a folder, also between studies."""

    name: str
    recipe: AnyRecipe
    baseline: str | None = None
    initial: str | None = None  # folder of the run whose weights it starts from
    detected: bool = False  # cells are cut out around the boxes of a detector

    @property
    def folder_name(self) -> str:
        own = f"{self.baseline or self.recipe.model.name}-{recipe_digest(self.recipe)}"
        start = "" if self.initial is None else f"-from-{self.initial}"
        return f"{own}{'-detected' if self.detected else ''}{start}"

    @property
    def field_recipe(self) -> DetectionRecipe:
        """Of a run in a study of detectors. Raises TypeError otherwise."""
        if not isinstance(self.recipe, DetectionRecipe):
            raise TypeError(f"run '{self.name}' is no detector")
        return self.recipe

    @property
    def cell_recipe(self) -> ClassificationRecipe:
        """Of a run in a study of classifiers. Raises TypeError otherwise."""
        if not isinstance(self.recipe, ClassificationRecipe):
            raise TypeError(f"run '{self.name}' is no classifier")
        return self.recipe

    def folds(self) -> "list[StudyRun]":
        """The trainings that make the run: one for each fold where the recipe divides the data and names no fold."""
        data = self.cell_recipe.data
        if data.folds is None or data.fold is not None:
            return [self]
        return [
            replace(self, recipe=self.recipe.model_copy(update={"data": data.model_copy(update={"fold": fold})}))
            for fold in range(data.folds)
        ]


@dataclass(frozen=True, slots=True)
class Study:
    """`initial_backbone` names a run folder (the stem of its recipe's file) beside those of the study."""

    name: str
    title: str
    headline_class: str  # empty in a study of classifiers
    initial_backbone: str | None
    runs: tuple[StudyRun, ...]

    @property
    def needs_boxes(self) -> bool:
        """Whether cells are cut out around boxes that a detector has found."""
        return self.runs[0].detected

    @property
    def task(self) -> Literal["detection", "classification"]:
        """All runs are of one task."""
        return self.runs[0].recipe.task


def load_study(path: Path) -> Study:
    """Read a study and resolve all its recipes. Raises RecipeError that names file and key."""
    content = _read_yaml(path)
    try:
        file = _StudyFile.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'study'}: {e['msg']}" for e in error.errors())
        raise RecipeError(f"{path}: {problems}") from error
    runs = []
    for name, choice in file.runs.items():
        base = _read_yaml(path.parent / (choice.base or file.base))
        for seed in choice.seeds or file.seeds:
            origin = f"{path}, run '{name}'"
            recipe = parse_recipe(_changed(base, {**choice.change, "seed": seed}, origin), origin)
            _check_task(recipe, choice, file, origin)
            initial = None if choice.initial is None else _folder_of(choice.initial, path, origin)
            runs.append(StudyRun(name, recipe, choice.baseline, initial, file.crops == "detected"))
    if len({run.recipe.task for run in runs}) > 1:
        raise RecipeError(f"{path}: detectors and classifiers in one study; they share no figure")
    backbone = None if file.initial_backbone is None else Path(file.initial_backbone).stem
    return Study(path.stem, file.title, file.headline_class or "", backbone, tuple(runs))


def _check_task(recipe: AnyRecipe, choice: _RunChoice, file: _StudyFile, origin: str) -> None:
    if (recipe.task == "detection") != (file.headline_class is not None):
        raise RecipeError(f"{origin}: a {recipe.task} recipe; headline_class belongs to detectors, which need one")
    if recipe.task == "detection" and choice.baseline is not None:
        raise RecipeError(f"{origin}: baseline '{choice.baseline}' names classes; it cannot find boxes")
    if recipe.task == "classification" and file.initial_backbone is not None:
        raise RecipeError(f"{origin}: initial_backbone is for detectors; a classifier's run has 'initial'")
    if choice.initial is not None and (recipe.task == "detection" or choice.baseline is not None):
        raise RecipeError(f"{origin}: 'initial' is for classifiers' networks; detectors have initial_backbone")


def _folder_of(other: _OtherRun, path: Path, origin: str) -> str:
    """Folder name of another study's run, its first seed. Raises RecipeError where there is none."""
    if (path.parent / other.study).resolve() == path.resolve():
        raise RecipeError(f"{origin}: initial.study is the study itself; expected another one")
    runs = load_study(path.parent / other.study).runs
    found = next((run for run in runs if run.name == other.run and run.baseline is None), None)
    if found is None:
        raise RecipeError(f"{origin}: {other.study} has no network '{other.run}'; it has {[run.name for run in runs]}")
    if len(found.folds()) > 1:
        raise RecipeError(f"{origin}: '{other.run}' of {other.study} has a network for each fold; expected one network")
    return found.folder_name


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"{path}: cannot be read as YAML: {error}") from error


def _changed(base: Any, changes: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """A copy of the recipe with values set at dotted keys; parents that are missing are made."""
    if not isinstance(base, dict):
        raise RecipeError(f"{origin}: the base recipe holds no keys")
    recipe: dict[str, Any] = deepcopy(base)
    for dotted, value in changes.items():
        *parents, last = dotted.split(".")
        place = recipe
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise RecipeError(f"{origin}: change '{dotted}': '{parent}' is a value, not a group of keys")
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return recipe
