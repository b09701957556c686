"""`hemascope annotate rank`: what to label next."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli.outcome import check_writable, show_problem, write_document
from hemascope.cli.progress import progress_bar
from hemascope.service.cell_opinions import QUARTER_TURNS, OpinionReader
from hemascope.service.rank import Criterion, Level, Ranking, RankOptions
from hemascope.service.rank import rank as rank_folder
from hemascope.service.registry import load_named_bundle
from hemascope.service.unlabelled import labelme_files

_EXIT_SOME_UNREADABLE = 1


def rank(
    folder: Annotated[
        Path, typer.Argument(help="Folder that 'annotate propose' wrote, or one of single-cell pictures.")
    ],
    by: Annotated[Criterion, typer.Option(help="How the need of a label is measured.", show_default=False)],
    budget: Annotated[int, typer.Option(min=1, help="How many fields or cells to name.", show_default=False)],
    level: Annotated[Level, typer.Option(help="Rank whole fields or single cells.")] = "field",
    out: Annotated[str, typer.Option(help="CSV file to write, '-' for standard output.")] = "-",
    spread: Annotated[
        bool, typer.Option(help="Pass over near-duplicates and prefer cells that differ; coreset always does.")
    ] = True,
    classifier: Annotated[str | None, typer.Option(help="Bundle name, or folder (with a slash).")] = None,
    against: Annotated[
        str | None, typer.Option(help="Second classifier for disagreement; without it: four turns of each cell.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; default: all cores.")] = None,
) -> None:
    """Say which fields or cells a person should label next, best first, as a CSV table.

    Confirmed boxes are not ranked; what resembles them waits.
    Exit code: 0 all files read, 1 some unreadable (each named on stderr), 2 nothing to rank or an error.
    """
    if against is not None and by != "disagreement":
        raise typer.BadParameter("a second classifier is used with --by disagreement only", param_hint="--against")
    check_writable(out)
    turns = QUARTER_TURNS if by == "disagreement" and against is None else 1
    reader = OpinionReader(load_named_bundle(classifier, "classification"), threads=threads, turns=turns)
    second = None if against is None else OpinionReader(load_named_bundle(against, "classification"), threads=threads)
    with progress_bar("Reading", len(labelme_files(folder))) as advance:
        ranking = rank_folder(folder, reader, RankOptions(by, budget, level, spread), second=second, on_file=advance)
    write_document(ranking.table, out)
    _tell(ranking, level)
    if ranking.seen.problems:
        raise typer.Exit(_EXIT_SOME_UNREADABLE)


def _tell(ranking: Ranking, level: Level) -> None:
    seen = ranking.seen
    labelled = sum(seen.is_labelled)
    typer.echo(
        f"{ranking.picked} {level}s of {seen.files} files; {len(seen.places) - labelled} cells without a label, "
        f"{labelled} confirmed",
        err=True,
    )
    if seen.files_without_cells:
        typer.echo(
            f"{len(seen.files_without_cells)} files show no cell and were not ranked, "
            f"'{seen.files_without_cells[0]}' first: look at them by hand",
            err=True,
        )
    for problem in seen.problems:
        show_problem(problem)
