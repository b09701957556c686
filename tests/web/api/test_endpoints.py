"""What holds for every endpoint of every app, whoever adds it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver

from hemascope.web.api.roles import RIGHTS_OF_ROLE, Right, Role
from hemascope.web.api.views import RightsViewSet
from web.builders import make_user
from web.client import ROOT, Client

OPEN_VIEWS = {"SpectacularAPIView", "SpectacularSwaggerSplitView"}  # the API's description holds no data


def api_views(entries: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in get_resolver().url_patterns if entries is None else entries:
        address = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from api_views(entry.url_patterns, address)
        elif isinstance(entry, URLPattern) and address.startswith("api/v1/"):
            yield address, entry.callback


VIEWS = dict(api_views())
PATHS = json.loads((Path(__file__).parents[3] / "frontend" / "openapi.json").read_bytes())["paths"]
NUMBER_FILTERS = [
    (path.removeprefix(ROOT), parameter["name"])
    for path, methods in PATHS.items()
    for parameter in methods.get("get", {}).get("parameters", [])
    if "{" not in path and parameter["schema"].get("type") in ("integer", "number")
    if parameter["name"] not in ("page", "page_size") and not path.endswith("/export")  # filtered as their list
]


@pytest.mark.parametrize("address", VIEWS)
def test_every_action_of_every_view_names_a_right(address: str) -> None:
    view = VIEWS[address]
    if view.cls.__name__ in OPEN_VIEWS:
        return
    assert issubclass(view.cls, RightsViewSet)
    assert {action for method, action in view.actions.items()} - {"metadata"} <= set(view.cls.rights)


@pytest.mark.parametrize("address", VIEWS)
def test_addresses_have_no_slash_at_the_end(address: str) -> None:
    assert not address.endswith("/")


def test_every_right_is_somebodys() -> None:
    assert set().union(*RIGHTS_OF_ROLE.values()) == set(Right)
    assert set(RIGHTS_OF_ROLE) == set(Role)


@pytest.mark.django_db
def test_answers_carry_the_security_headers_and_the_request_id() -> None:
    answer = Browser().get("/api/v1/session", headers={"X-Request-ID": "abcdef-0123456789"})

    assert answer["X-Request-ID"] == "abcdef-0123456789"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_request_id_that_could_forge_lines_of_the_log_is_replaced() -> None:
    assert Browser().get("/healthz", headers={"X-Request-ID": 'x", "user": "root'})["X-Request-ID"].isalnum()


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics", "/api/v1/schema", "/api/v1/docs"])
def test_address_for_supervisors_and_developers_answers(address: str) -> None:
    assert Browser().get(address).status_code == 200


@pytest.mark.django_db
def test_metrics_count_requests_by_pattern_and_never_by_id() -> None:
    Browser().get("/api/v1/users/4711")

    text = Browser().get("/metrics").content.decode()
    assert 'route="api/v1/users/<str:pk>"' in text
    assert "4711" not in text


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "name"), NUMBER_FILTERS)
@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "1e400", "nan"])
def test_list_refuses_a_number_that_no_database_stores(address: str, name: str, value: object) -> None:
    status, body = Client(make_user(role="administrator")).get(address, **{name: value})

    assert (status, list(body["detail"])) == (400, [name])


@pytest.mark.django_db
@pytest.mark.parametrize("position", ["unicorn", "1.5", str(2**70), "nan"])
def test_cursor_that_points_nowhere_is_not_found_or_empty(position: str) -> None:
    cursor = base64.b64encode(f"p={position}".encode()).decode()

    status, body = Client(make_user(role="administrator")).get("reviews/cells", cursor=cursor)

    assert status == 404 or body["results"] == []
