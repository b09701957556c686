"""Which addresses the browser's application has, on an application of three tiny files."""

from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client

INDEX = "<!doctype html><script type=module src=/assets/index-D3adB33f.js></script>"


@pytest.fixture
def browser(tmp_path: Path, settings: object) -> Client:
    app = tmp_path / "app"
    (app / "assets").mkdir(parents=True)
    (app / "index.html").write_text(INDEX)
    (app / "favicon.svg").write_text("<svg/>")
    (app / "assets" / "index-D3adB33f.js").write_text("export {}")
    (tmp_path / "secret.key").write_text("secret")
    settings.APP_FOLDER = settings.WHITENOISE_ROOT = app  # type: ignore[attr-defined]
    return Client()


def content(answer: HttpResponse) -> str:
    return b"".join(answer).decode()


@pytest.mark.parametrize("address", ["/", "/cases/3", "/sign-in", "/cases/3?tab=a.b", "/apiary", "/病例", "/v1.2/x"])
def test_page_of_the_application_is_its_index(browser: Client, address: str) -> None:
    answer = browser.get(address)

    assert (answer.status_code, content(answer)) == (200, INDEX)
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert answer.cookies["csrftoken"].value


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/api", "/api/", "/api/v1/nothing", "/api/v2/cases", "/captcha/a/b", "/static/missing", "/static/missing.css",
     "/assets", "/assets/missing.js", "/assets/missing", "/missing.png", "/a/b.map", "/healthz/x", "/metrics/",
     "/../secret.key", "/assets/../../secret.key", "/%2e%2e/secret.key"],
)  # fmt: skip
def test_address_that_is_no_page_stays_a_json_404(browser: Client, address: str) -> None:
    answer = browser.get(address)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("address", "text", "kind", "caching"),
    [
        ("/assets/index-D3adB33f.js", "export {}", "text/javascript", "max-age=315360000, public, immutable"),
        ("/favicon.svg", "<svg/>", "image/svg+xml", "max-age=60, public"),
    ],
)
def test_file_of_the_application_is_cached_for_ever_only_if_its_name_holds_a_hash(
    browser: Client, address: str, text: str, kind: str, caching: str
) -> None:
    answer = browser.get(address)

    assert (answer.status_code, content(answer), answer["Cache-Control"]) == (200, text, caching)
    assert answer["Content-Type"].startswith(kind)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" in answer
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_page_can_only_be_read(browser: Client, method: str) -> None:
    assert getattr(browser, method)("/cases/3").status_code == 405


def test_application_that_is_not_built_says_how_to_build_it(settings: object, tmp_path: Path) -> None:
    settings.APP_FOLDER = tmp_path / "nothing"  # type: ignore[attr-defined]

    answer = Client().get("/cases/3")

    assert (answer.status_code, answer["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert "make app" in content(answer)
