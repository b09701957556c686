"""The browser's application, one page for all its addresses. Built from `frontend/` into `web/app/` by `make app`."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls.converters import StringConverter
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

NOT_BUILT = "The pages of the workstation are not built in this checkout, only its API answers. Run: make app"
_NOT_PAGES = ("api", "assets", "captcha", "healthz", "metrics", "readyz", "static")  # first parts of addresses


class PageConverter(StringConverter):
    """Addresses that the application itself shows something at: no file (no dot at the end), and not `_NOT_PAGES`."""

    regex = rf"(?!(?:{'|'.join(_NOT_PAGES)})(?:/|$))(?:.*/)?[^./]*"


def is_built() -> bool:
    return _index().is_file()


@require_safe
@ensure_csrf_cookie
def single_page(request: HttpRequest, address: str) -> HttpResponse:
    """`index.html` for every page's address; asked again each time, because it names the newest assets."""
    if not is_built():
        return HttpResponse(NOT_BUILT, "text/plain; charset=utf-8", 503)
    return HttpResponse(_index().read_bytes(), headers={"Cache-Control": "no-cache"})


def _index() -> Path:
    return Path(settings.APP_FOLDER) / "index.html"
