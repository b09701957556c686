"""`hemascope annotate propose`: labelme files that the models filled in."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.outcome import exit_with, show_problem
from hemascope.cli.progress import progress_bar
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.inference.pipeline import Pipeline
from hemascope.service.file_names import shown_path
from hemascope.service.inputs import collect_inputs
from hemascope.service.proposals import model_name
from hemascope.service.propose import BoxProposer, CellProposer, ProposeOptions, Proposer
from hemascope.service.propose import propose as propose_fields
from hemascope.service.registry import load_named_bundle


def propose(
    fields: Annotated[list[str], typer.Argument(help="Files, folders (with all below) or globs.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the labelme files.", show_default=False)],
    classify: Annotated[bool, typer.Option("--classify", help="Name nucleated cells by class, not only wbc.")] = False,
    nucleated_only: Annotated[
        bool, typer.Option("--nucleated-only", help="Leave out red cells and platelets.")
    ] = False,
    detector: Annotated[str | None, typer.Option(help="Bundle name, or folder (with a slash).")] = None,
    classifier: Annotated[
        str | None, typer.Option(help="Bundle name, or folder (with a slash); with --classify.")
    ] = None,
    score_threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Leave out boxes below it; default: the model's own.")
    ] = None,
    update: Annotated[
        bool,
        typer.Option("--update", help="Propose again for files in --out that nobody saved since; keep the others."),
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
) -> None:
    """Write one labelme file a field, filled in by the models, for a person to correct.

    Open them with: labelme FIELDS --output OUT. A file that a person saved is never written over.
    Exit code: 0 all images read, 1 some unreadable (each named on stderr), 2 nothing usable or an error.
    """
    if classifier is not None and not classify:
        raise typer.BadParameter("a classifier is used with --classify only", param_hint="--classifier")
    inputs = collect_inputs(fields)
    detection = load_named_bundle(detector, "detection")
    models = [model_name(detection.manifest)]
    finder = Detector(detection, threads=threads, score_threshold=score_threshold)
    proposer: Proposer = BoxProposer(finder, nucleated_only=nucleated_only)
    if classify:
        recognition = load_named_bundle(classifier, "classification")
        models.append(model_name(recognition.manifest))
        pipeline = Pipeline(finder, Classifier(recognition, threads=threads))
        proposer = CellProposer(pipeline, nucleated_only=nucleated_only)
    with progress_bar("Proposing", len(inputs.files)) as advance:
        outcome = propose_fields(inputs, out, proposer, ProposeOptions(tuple(models), update), advance)
    for file in outcome.kept:
        typer.echo(f"kept: {shown_path(file)}: somebody saved it since it was proposed", err=True)
    for problem in outcome.problems:
        show_problem(problem)
    typer.echo(f"{outcome.files} files with {outcome.boxes} proposed boxes: {shown_path(out)}")
    exit_with(usable=outcome.files + len(outcome.kept), unusable=len(outcome.problems))
