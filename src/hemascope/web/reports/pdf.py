"""A report as PDF. The layout is `templates/report.html.j2`; WeasyPrint sets it, with fonts of the system."""

from functools import cache
from typing import Any, NoReturn

import jinja2
from django.utils.translation import gettext as _

from hemascope.errors import DependencyMissingError
from hemascope.hematology.taxonomy import Language
from hemascope.web.reports.page import PrintedReport, gather_page

_PANGO = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"


def render_pdf(report: PrintedReport, language: Language) -> bytes:
    """The same report gives the same pages. Raises DependencyMissingError where Pango is not installed."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:  # it loads Pango when it is imported
        message = _("a PDF needs Pango, which is not installed; on Debian: %(command)s") % {"command": _PANGO}
        raise DependencyMissingError(message) from error

    class NoFetcher(URLFetcher):  # type: ignore[misc]
        """A report is complete in itself: whatever a text in it says, nothing is loaded."""

        def fetch(self, url: str, headers: Any = None) -> NoReturn:
            raise ValueError(f"a report loads nothing, but '{url}' was asked for")

    html = render_html(report, language)
    return bytes(HTML(string=html, url_fetcher=NoFetcher()).write_pdf())


def render_html(report: PrintedReport, language: Language) -> str:
    page = gather_page(report, language)
    template = _environment().get_template("case_report.html.j2")
    return template.render(page=page, say=page.texts.say, counted=report.analysis.differential)


@cache
def _environment() -> jinja2.Environment:
    # What people typed is hostile text: everything is escaped, and an unknown name is an error, not an empty place.
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("hemascope.web.reports"), jinja2.PackageLoader("hemascope.service")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
