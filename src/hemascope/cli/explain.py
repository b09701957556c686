"""`hemascope explain`: where a trained classifier looks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.outcome import exit_with, show_problem
from hemascope.cli.progress import progress_bar
from hemascope.errors import InputError, ModelError
from hemascope.evaluation.explain import Picture, explain_network
from hemascope.export.bundle import load_run
from hemascope.imaging.crop import centre_zoom
from hemascope.imaging.decode import open_image
from hemascope.imaging.input_steps import apply_steps
from hemascope.imaging.resize import resize_rgb
from hemascope.service.inputs import InputFile, collect_inputs
from hemascope.service.problems import InputProblem
from hemascope.training.recipe import ClassificationRecipe


def explain(
    run: Annotated[Path, typer.Argument(help="Run folder made by 'hemascope train'.", show_default=False)],
    images: Annotated[
        list[str], typer.Argument(help="Single-cell pictures: files, folders or globs.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder for the pictures.", show_default=False)],
) -> None:
    """Draw where a trained classifier looks: Grad-CAM, or attention by head with the selected patches.

    With ten pictures or more also a map (t-SNE) of pixels and features; a folder named as a class gives its pictures'
    true class. The pictures show the cells: their licence goes with them.

    Exit code: 0 all pictures read, 1 some unreadable (each named on stderr), 2 nothing usable.
    """
    finished = load_run(run)
    recipe = finished.recipe
    if not isinstance(recipe, ClassificationRecipe):
        raise ModelError(f"{run} holds a run for {recipe.task}; only classifiers can be explained")
    inputs = collect_inputs(images)
    problems = list(inputs.problems)
    pictures = list(_read(inputs.files, recipe, finished.classes, problems))
    with progress_bar("Explaining", len(pictures)) as advance:
        explain_network(finished.model, finished.classes, pictures, out, advance)
    for problem in problems:
        show_problem(problem)
    typer.echo(f"pictures: {out}")
    exit_with(usable=len(pictures), unusable=len(problems))


def _read(
    files: tuple[InputFile, ...], recipe: ClassificationRecipe, classes: tuple[str, ...], problems: list[InputProblem]
) -> Iterator[Picture]:
    for file in files:
        try:
            with open_image(file.path) as source:
                rgb = source.read_region(0, 0, source.width, source.height)
        except InputError as error:
            problems.append(InputProblem.from_error(file.shown, error))
            continue
        label = file.path.parent.name
        crop = resize_rgb(centre_zoom(rgb, recipe.whole_image_zoom), recipe.input_size, recipe.input_size)
        yield Picture(file.stem, apply_steps(crop, recipe.input_steps), label if label in classes else None)
