"""`report.html`: one self-contained page made from the files of an analysis, and from nothing else."""

from functools import cache
from pathlib import Path

import jinja2

from hemascope.errors import output_errors
from hemascope.hematology.taxonomy import Language
from hemascope.service.output_folder import REPORT_FILE, write_whole
from hemascope.service.report_page import DEFAULT_LIMITS, ReportLimits, gather_page
from hemascope.service.summary import read_summary
from hemascope.service.texts import load_texts


def write_report(folder: Path, language: Language, limits: ReportLimits = DEFAULT_LIMITS) -> Path:
    """Writes `report.html` into the folder of an analysis. Raises InputUnreadableError, OutputError."""
    page = render_report(folder, language, limits)
    path = folder / REPORT_FILE
    with output_errors(path):
        write_whole(path, page)
    return path


def render_report(folder: Path, language: Language, limits: ReportLimits = DEFAULT_LIMITS) -> str:
    page = gather_page(folder, read_summary(folder), load_texts(language), limits)
    return _environment().get_template("report.html.j2").render(page=page, say=page.texts.say)


@cache
def _environment() -> jinja2.Environment:
    # File and case names are hostile text: everything is escaped, and an unknown name is an error, not an empty place.
    return jinja2.Environment(
        loader=jinja2.PackageLoader("hemascope.service"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
