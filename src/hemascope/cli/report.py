"""`hemascope report`: the page of an earlier analysis, rendered again."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.hematology.taxonomy import Language
from hemascope.service.report import write_report
from hemascope.service.report_page import DEFAULT_LIMITS, ReportLimits
from hemascope.service.summary import read_summary


def report(
    folder: Annotated[Path, typer.Argument(help="The --out of an analyze run.", show_default=False)],
    lang: Annotated[Language | None, typer.Option(help="Default: the language of the analysis.")] = None,
    max_cells: Annotated[int, typer.Option(min=1, help="Pictures a class.")] = DEFAULT_LIMITS.cells_per_class,
    max_fields: Annotated[int, typer.Option(min=0, help="Pictures of fields.")] = DEFAULT_LIMITS.fields,
) -> None:
    """Render the report of an earlier analysis again, from its files."""
    language = lang or read_summary(folder).language
    typer.echo(write_report(folder, language, ReportLimits(max_cells, max_fields)))
