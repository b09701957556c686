"""`hemascope models compare`: the gate that a new model passes before it is used."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hemascope.cli.outcome import check_writable, write_document
from hemascope.cli.stage_bar import stage_bar
from hemascope.data.readers import read_cells, read_fields
from hemascope.data.versions import verify_version
from hemascope.errors import BundleError
from hemascope.evaluation.compare_classifiers import compare_classifiers
from hemascope.evaluation.compare_detectors import compare_detectors
from hemascope.evaluation.detection import SCORE_FLOOR
from hemascope.evaluation.gate import Comparison, GateSettings
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.service.registry import find_bundle_folder

_EXIT_FAILED = 1
_DEFAULT = GateSettings()


def compare(
    old: Annotated[str, typer.Argument(help="Bundle name, or folder (with a slash), that is used now.")],
    new: Annotated[str, typer.Argument(help="Bundle that shall replace it.")],
    data: Annotated[
        Path, typer.Option(help="Version of 'annotate export' that neither was trained on.", show_default=False)
    ],
    part: Annotated[str, typer.Option(help="Part of it.")] = "val",
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="Recall (cells), AP50 and F1 (fields) of a class may lie so far below.")
    ] = _DEFAULT.margin,
    min_cells: Annotated[int, typer.Option(min=1, help="A class with fewer cells is not judged.")] = _DEFAULT.min_cells,
    calibration_margin: Annotated[
        float, typer.Option(min=0, max=1, help="The calibration error may grow by so much.")
    ] = _DEFAULT.calibration_margin,
    json_file: Annotated[str | None, typer.Option("--json", help="File for 'models promote'; - for stdout.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
) -> None:
    """Decide whether a new model may replace an old one: the same frozen cells, whose hashes are checked.

    Exit code: 0 it may, 1 it may not (the reasons are told), 2 they cannot be compared.
    """
    if json_file is not None:
        check_writable(json_file)
    settings = GateSettings(margin=margin, min_cells=min_cells, calibration_margin=calibration_margin)
    found = _compare(old, new, data, part, settings, threads)
    if json_file is not None:
        write_document(found.to_json(), json_file)
    _print(found, Console(stderr=json_file == "-", highlight=False, markup=False, soft_wrap=True))
    if not found.passed:
        raise typer.Exit(_EXIT_FAILED)


def _compare(old: str, new: str, data: Path, part: str, settings: GateSettings, threads: int | None) -> Comparison:
    first, second = (load_bundle(find_bundle_folder(name)) for name in (old, new))
    if first.manifest.task != second.manifest.task:
        raise BundleError(
            f"'{old}' is for {first.manifest.task}, '{new}' for {second.manifest.task}; compare alike ones"
        )
    version = verify_version(data)
    with stage_bar() as progress:
        if first.manifest.task == "detection":
            detectors = [Detector(bundle, threads=threads, score_threshold=SCORE_FLOOR) for bundle in (first, second)]
            fields = read_fields("annotated", data, part)
            return compare_detectors(detectors[0], detectors[1], fields, version, part, settings, progress)
        classifiers = [Classifier(bundle, threads=threads) for bundle in (first, second)]
        cells = read_cells("annotated", data, part)
        return compare_classifiers(classifiers[0], classifiers[1], cells, version, part, settings, progress)


def _print(found: Comparison, console: Console) -> None:
    noun = "fields" if found.task == "detection" else "cells"
    console.print(
        f"{found.data.size:,} {noun} of {found.data.title} ({found.data.part}), digest {found.data.digest[:12]}"
    )
    for name, (old, new) in found.figures.items():
        console.print(f"{name}: {old:.4f} to {new:.4f}")
    table = Table("class", "figure", "cells", "old", "new", "at least")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in found.classes:
        limit = f"{row.lower:+.3f}" if row.is_judged else "not judged"
        table.add_row(row.class_id, row.figure, f"{row.cells:,}", f"{row.old:.3f}", f"{row.new:.3f}", limit)
    console.print(table)
    for check in found.checks:
        console.print(f"{'passed' if check.passed else 'FAILED'} {check.name}: {check.reason}")
    verdict = "may replace" if found.passed else "may not replace"
    console.print(f"{found.new.name} {found.new.version} {verdict} {found.old.name} {found.old.version}")
