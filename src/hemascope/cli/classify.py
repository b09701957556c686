"""`hemascope classify`: classes of single-cell pictures."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.outcome import check_writable, exit_with, show_problem, write_document
from hemascope.cli.progress import progress_bar
from hemascope.errors import InputNotFoundError, InputUnreadableError
from hemascope.inference.classifier import ALL_VIEWS, Classifier
from hemascope.service.classify import classify_crops
from hemascope.service.inputs import collect_inputs
from hemascope.service.registry import load_named_bundle


def classify(
    crops: Annotated[
        list[str] | None, typer.Argument(help="Files, folders (with all below) or globs.", show_default=False)
    ] = None,
    from_file: Annotated[
        str | None, typer.Option(help="Text file with one path a line, '-' for standard input.")
    ] = None,
    json: Annotated[str, typer.Option(help="File to write, '-' for standard output.")] = "-",
    classifier: Annotated[str | None, typer.Option(help="Bundle name, or folder (with a slash).")] = None,
    tta: Annotated[
        bool, typer.Option("--tta", help="Mean of the probabilities of all 8 turns and mirrors: 8 times as slow.")
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
) -> None:
    """Recognise single-cell pictures: one JSON document.

    Exit code: 0 all pictures read, 1 some unreadable (each named on stderr), 2 nothing usable.
    """
    names = [*(crops or []), *(_read_list(from_file) if from_file else [])]
    if not names:
        raise InputNotFoundError("no picture was named; give CROPS or --from-file LIST")
    check_writable(json)
    model = Classifier(
        load_named_bundle(classifier, "classification"), threads=threads, views=ALL_VIEWS if tta else None
    )
    inputs = collect_inputs(names)
    with progress_bar("Classifying", len(inputs.files)) as advance:
        document = classify_crops(inputs, model, advance)
    write_document(document.to_json(), json)
    for problem in document.problems:
        show_problem(problem)
    exit_with(usable=len(document.images), unusable=len(document.problems))


def _read_list(path: str) -> list[str]:
    """Paths as they stand in the list, also those that are no UTF-8; blank lines do not count."""
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise InputUnreadableError(f"the list '{path}' cannot be read: {error.strerror}") from error
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape").split("\n")
    return [line.rstrip("\r") for line in lines if line.strip()]
