"""`hemascope detect`: boxes of the cells of images."""

from typing import Annotated

import typer

from hemascope.cli.outcome import check_writable, exit_with, show_problem, write_document
from hemascope.cli.progress import progress_bar
from hemascope.inference.detector import Detector
from hemascope.service.detect import detect_images
from hemascope.service.inputs import collect_inputs
from hemascope.service.registry import load_named_bundle


def detect(
    images: Annotated[list[str], typer.Argument(help="Files, folders (with all below) or globs.", show_default=False)],
    json: Annotated[str, typer.Option(help="File to write, '-' for standard output.")] = "-",
    detector: Annotated[str | None, typer.Option(help="Bundle name, or folder (with a slash).")] = None,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out boxes below it; 0.1 keeps the curve for evaluation.")
    ] = 0.1,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
) -> None:
    """Find cells: one JSON document with the boxes of every image.

    Boxes that `analyze` would count have "above_threshold": true, which is the model's own threshold of the class.
    Exit code: 0 all images read, 1 some unreadable (each named on stderr), 2 nothing usable.
    """
    check_writable(json)
    model = Detector(load_named_bundle(detector, "detection"), threads=threads, score_threshold=min_score)
    inputs = collect_inputs(images)
    with progress_bar("Detecting", len(inputs.files)) as advance:
        document = detect_images(inputs, model, advance)
    write_document(document.to_json(), json)
    for problem in document.problems:
        show_problem(problem)
    exit_with(usable=len(document.images), unusable=len(document.problems))
