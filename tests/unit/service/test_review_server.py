import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from hemascope.errors import OutputError
from hemascope.service.review import ReviewFolder
from hemascope.service.review_server import ReviewServer
from unit.service.test_review import box, read, write

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReviewServer]:
    write(tmp_path, "a", box())
    write(tmp_path, "b")
    with ReviewServer(ReviewFolder(tmp_path)) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(
    server: ReviewServer, place: str, method: str = "GET", body: object = None, token: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    if body is not None:
        headers = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, f"/{server.token if token is None else token}/{place}", sent, headers)
    answer = connection.getresponse()
    result = answer.status, dict(answer.headers), answer.read()
    connection.close()
    return result


def opened(server: ReviewServer, number: int = 0) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(ask(server, f"api/files/{number}")[2])
    return shown


def edit(shown: dict[str, Any], **changes: Any) -> dict[str, Any]:
    shapes = [{key: shape[key] for key in ("id", "label", "is_proposed")} | changes for shape in shown["shapes"]]
    return {"shapes": shapes, "is_confirmed": False}


@pytest.mark.parametrize(
    ("place", "content_type"),
    [("", "text/html"), ("review.js", "text/javascript"), ("review.css", "text/css"), ("api/images/0", "image/png"),
     ("api/files", "application/json"), ("api/classes", "application/json")],
)  # fmt: skip
def test_page_and_its_parts_are_served_with_headers_that_guard_them(
    server: ReviewServer, place: str, content_type: str
) -> None:
    status, headers, body = ask(server, place)
    assert status == 200
    assert headers["Content-Type"].startswith(content_type)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert body


def test_change_is_saved_and_the_next_version_is_given(server: ReviewServer, tmp_path: Path) -> None:
    shown = opened(server)
    status, headers, body = ask(
        server, "api/files/0", "PUT", edit(shown, label="blast", is_proposed=False), If_Match=f'"{shown["version"]}"'
    )
    assert status == 200
    assert headers["ETag"] == f'"{json.loads(body)["version"]}"'
    assert read(tmp_path / "a.json")["shapes"][0]["label"] == "blast"


def test_second_tab_is_told_and_overwrites_nothing(server: ReviewServer, tmp_path: Path) -> None:
    shown = opened(server)
    for label, expected in (("blast", 200), ("monocyte", 409)):
        status, _, body = ask(server, "api/files/0", "PUT", edit(shown, label=label), If_Match=f'"{shown["version"]}"')
        assert status == expected
    assert json.loads(body)["code"] == "annotation_conflict"
    assert read(tmp_path / "a.json")["shapes"][0]["label"] == "blast"


@pytest.mark.parametrize("token", ["", "wrong", "%C3%A9"])
def test_missing_or_wrong_token_is_refused(server: ReviewServer, token: str) -> None:
    assert ask(server, "api/files", token=token)[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", ""])
def test_other_host_is_refused(server: ReviewServer, host: str) -> None:
    assert ask(server, "api/files", Host=host)[0] == 403


def test_own_name_of_the_machine_is_allowed(server: ReviewServer) -> None:
    assert ask(server, "api/files", Host=f"localhost:{server.server_port}")[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1"])
def test_foreign_origin_is_refused(server: ReviewServer, tmp_path: Path, origin: str) -> None:
    before = (tmp_path / "a.json").read_bytes()
    shown = opened(server)
    status, _, _ = ask(server, "api/files/0", "PUT", edit(shown), Origin=origin, If_Match=shown["version"])
    assert status == 403
    assert (tmp_path / "a.json").read_bytes() == before


@pytest.mark.parametrize(
    "place",
    ["../a.json", "..%2fa.json", "api/images/../../a.json", "api/images//etc/passwd", "review.html", "api/files/x",
     "api/files/-1", "api/images/99"],
)  # fmt: skip
def test_nothing_but_the_numbered_files_can_be_reached(server: ReviewServer, place: str) -> None:
    assert ask(server, place)[0] == 404


def test_file_that_is_no_image_is_not_served(server: ReviewServer, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    write(tmp_path, "a", imagePath="secret.txt")
    status, _, body = ask(server, "api/images/0")
    assert status == 422
    assert b"secret\n" not in body


def test_tiff_is_shown_as_png(server: ReviewServer, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "t.tif", np.zeros((20, 30, 3), np.uint8))
    write(tmp_path, "a", imagePath="t.tif")
    status, headers, body = ask(server, "api/images/0")
    assert (status, headers["Content-Type"], body[:4]) == (200, "image/png", b"\x89PNG")


def test_missing_image_and_broken_file_are_explained(server: ReviewServer, tmp_path: Path) -> None:
    (tmp_path / "a.png").unlink()
    (tmp_path / "b.json").write_text("{")
    assert ask(server, "api/images/0")[0] == 404
    status, _, body = ask(server, "api/files/1")
    assert (status, "no valid JSON" in json.loads(body)["message"]) == (422, True)


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({"shapes": [], "is_confirmed": False}, {}, 400),
        ({"shapes": [], "is_confirmed": False}, {"If_Match": "x", "Content_Type": "text/plain"}, 400),
        (b"{", {"If_Match": "x"}, 422),
        ({"shapes": [{"id": "new-1"}], "is_confirmed": False}, {"If_Match": "x"}, 422),
        ({"shapes": [], "is_confirmed": False, "more": 1}, {"If_Match": "x"}, 422),
        ({"shapes": [], "is_confirmed": False}, {"If_Match": "x", "Content_Length": "99999999"}, 413),
    ],
    ids=["no version", "form of another page", "no JSON", "half a shape", "unknown key", "too large"],
)
def test_bad_change_is_refused(server: ReviewServer, body: object, headers: dict[str, str], expected: int) -> None:
    assert ask(server, "api/files/0", "PUT", body, **headers)[0] == expected


def test_port_in_use_is_explained(tmp_path: Path) -> None:
    write(tmp_path, "a")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OutputError, match="choose another --port"):
        ReviewServer(ReviewFolder(tmp_path), taken.getsockname()[1])
