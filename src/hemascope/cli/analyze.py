"""`hemascope analyze`: the main job, from smear fields to a report."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hemascope.cli.main import EXIT_INTERRUPTED
from hemascope.cli.outcome import exit_with, show_problem
from hemascope.cli.progress import progress_bar
from hemascope.cli.stop_switch import stop_on_interrupt
from hemascope.cli.suggestion_lines import print_suggestions
from hemascope.hematology.differential import Specimen
from hemascope.hematology.taxonomy import Language, cell_class
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.inference.pipeline import Pipeline
from hemascope.service.analyse import AnalysisOptions, AnalysisWatch, analyse
from hemascope.service.inputs import Inputs, collect_inputs
from hemascope.service.output_folder import REPORT_FILE
from hemascope.service.registry import load_named_bundle
from hemascope.service.report_cautions import cautions
from hemascope.service.report_figures import figures
from hemascope.service.report_suggestions import worded_suggestions
from hemascope.service.summary import AnalysisSummary, ModelIdentity
from hemascope.service.texts import load_texts


def analyze(
    paths: Annotated[list[str], typer.Argument(help="Files, folders (with all below) or globs.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the results; an earlier analysis in it is replaced.")],
    specimen: Annotated[Specimen, typer.Option(help="Decides which cells are counted.")] = Specimen.PERIPHERAL_BLOOD,
    case_id: Annotated[str | None, typer.Option(help="Shown on the report.")] = None,
    lang: Annotated[Language, typer.Option(help="Language of the report.")] = "en",
    detector: Annotated[str | None, typer.Option(help="Bundle name, or folder (with a slash).")] = None,
    classifier: Annotated[str | None, typer.Option(help="Bundle name, or folder (with a slash).")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of a table.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that holds other files.")] = False,
) -> None:
    """Find, recognise and count the cells of smear fields; write a report.

    Exit code: 0 all images read, 1 some unreadable (each named on stderr), 2 nothing usable or an error,
    130 interrupted (what was finished is kept).
    """
    inputs = collect_inputs(paths, exclude=out)
    for problem in inputs.problems:
        show_problem(problem)
    if not inputs.files:
        exit_with(usable=0, unusable=len(inputs.problems))
    detection = load_named_bundle(detector, "detection")
    classification = load_named_bundle(classifier, "classification")
    pipeline = Pipeline(Detector(detection, threads=threads), Classifier(classification, threads=threads))
    models = tuple(ModelIdentity.from_manifest(bundle.manifest) for bundle in (detection, classification))
    options = AnalysisOptions(specimen, case_id, lang, overwrite=force)
    summary = _run(inputs, out, pipeline, models, options)
    if json:
        typer.echo(summary.to_json(), nl=False)
    elif summary.fields.analysed:
        _print_result(summary, out)
    if summary.interrupted:
        done = f"{summary.fields.analysed} of {summary.fields.given}"
        typer.echo(f"interrupted: {done} images are finished and kept in '{out}'", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)
    exit_with(usable=summary.fields.analysed, unusable=summary.fields.unreadable)


def _run(
    inputs: Inputs, out: Path, pipeline: Pipeline, models: tuple[ModelIdentity, ...], options: AnalysisOptions
) -> AnalysisSummary:
    with stop_on_interrupt() as switch, progress_bar("Analysing", len(inputs.files)) as advance:
        watch = AnalysisWatch(on_field=advance, on_problem=show_problem, should_stop=lambda: switch.is_pressed)
        try:
            return analyse(inputs, out, pipeline, models, options, watch)
        except KeyboardInterrupt:
            typer.echo(f"interrupted: what was finished is kept in '{out}'", err=True)
            raise


def _print_result(summary: AnalysisSummary, out: Path) -> None:
    texts = load_texts(summary.language)
    counted = summary.differential
    console = Console(highlight=False, markup=False)
    table = Table(title=texts.say(f"title_{counted.specimen}"))
    table.add_column(texts.say("column_class"))
    for key in ("column_count", "column_percent", "column_interval"):
        table.add_column(texts.say(key), justify="right")
    for row in counted.rows:
        if row.percent is None:
            shares = ["", ""]
        else:
            shares = [f"{row.percent:.1f}", f"{row.percent_low:.1f}–{row.percent_high:.1f}"]
        table.add_row(cell_class(row.class_id).name(summary.language), str(row.count), *shares)
    console.print(table)
    classes = [name for model in summary.models if model.task == "classification" for name in model.classes]
    for figure in figures(counted, classes, texts):
        console.print(f"{figure.label}: {figure.value}  {figure.detail}".rstrip())
    for caution in cautions(summary, texts):
        console.print(f"! {caution}", style="yellow")
    print_suggestions(worded_suggestions(summary, summary.language), with_trace=False)  # the report has the trace
    typer.echo(out / REPORT_FILE)
