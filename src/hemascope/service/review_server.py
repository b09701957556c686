"""The local page of `hemascope annotate review` over HTTP: one person, one machine, no account.

Only 127.0.0.1 is listened on. The address holds a random token, so that other people of the machine and other pages of
the browser cannot guess it; a request that names another host (DNS rebinding) or comes from another origin is refused.
"""

import hmac
import json
import re
import secrets
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from io import BytesIO
from typing import Any, Final

from PIL import Image
from pydantic import ValidationError

from hemascope.errors import (
    AnnotationConflictError,
    DatasetError,
    HemascopeError,
    InputError,
    InputNotFoundError,
    OutputError,
)
from hemascope.imaging.decode import decode_image
from hemascope.imaging.formats import HEAD_BYTES, ImageFormat, sniff_format
from hemascope.service.review import FileEdit, ReviewFolder, review_classes

HOST: Final = "127.0.0.1"
MAX_BODY_BYTES = 8 * 1024**2
_PAGE: Final = {
    "": ("index.html", "text/html; charset=utf-8"),
    "review.js": ("review.js", "text/javascript; charset=utf-8"),
    "review.css": ("review.css", "text/css; charset=utf-8"),
}
_SHOWN_AS_IS: Final = {
    ImageFormat.JPEG: "image/jpeg",
    ImageFormat.PNG: "image/png",
    ImageFormat.WEBP: "image/webp",
    ImageFormat.BMP: "image/bmp",
}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STATUS: Final[tuple[tuple[type[HemascopeError], HTTPStatus], ...]] = (
    (AnnotationConflictError, HTTPStatus.CONFLICT),
    (InputNotFoundError, HTTPStatus.NOT_FOUND),
    (InputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (OutputError, HTTPStatus.INSUFFICIENT_STORAGE),
)


class ReviewServer(ThreadingHTTPServer):
    """Serves one folder until `shutdown`; `url` is the address to open. Port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, folder: ReviewFolder, port: int = 0) -> None:
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise OutputError(f"port {port} cannot be used: {error.strerror}; choose another --port") from error
        self.review = folder
        self.token = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    @property
    def own_hosts(self) -> frozenset[str]:
        return frozenset(f"{name}:{self.server_port}" for name in (HOST, "localhost"))


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    protocol_version = "HTTP/1.1"
    server_version = "hemascope"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Nothing: the terminal shows the address, not every request."""

    def _answer(self, method: str) -> None:
        try:
            place = self._own_place()
            if place is None:
                self.close_connection = True
                self._send_error(HTTPStatus.FORBIDDEN, "forbidden", "open the address that the command printed")
            elif method == "PUT":
                self._put(place)
            else:
                self._get(place)
        except HemascopeError as error:
            status = next((status for kind, status in _STATUS if isinstance(error, kind)), None)
            if status is None:
                raise
            self._send_error(status, error.code, str(error))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the page was closed or went on to the next image

    def _own_place(self) -> str | None:
        """What follows the token in the path; None for a foreign host or origin and for a wrong token."""
        hosts = self.server.own_hosts
        origin = self.headers["Origin"]
        if self.headers["Host"] not in hosts or (origin and origin.removeprefix("http://") not in hosts):
            return None
        token, _, place = self.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            return None
        return place.partition("?")[0]

    def _get(self, place: str) -> None:
        review = self.server.review
        if place in _PAGE:
            name, content_type = _PAGE[place]
            page = resources.files("hemascope.service").joinpath("review_page", name).read_bytes()
            self._send(HTTPStatus.OK, page, content_type)
        elif place == "api/classes":
            self._send_json(review_classes())
        elif place == "api/files":
            self._send_json([file.model_dump() for file in review.listing()])
        elif (number := _number(place, "api/files")) is not None:
            file = review.open(number)
            self._send_json(file.model_dump(), etag=file.version)
        elif (number := _number(place, "api/images")) is not None:
            self._send_image(number)
        else:
            self._send_error(HTTPStatus.NOT_FOUND, "not_found", "there is no such page")

    def _put(self, place: str) -> None:
        number = _number(place, "api/files")
        length = self.headers["Content-Length"] or ""
        version = (self.headers["If-Match"] or "").strip('"')
        if number is None or self.headers.get_content_type() != "application/json" or not version:
            self.close_connection = True  # the body is not read
            self._send_error(HTTPStatus.BAD_REQUEST, "bad_request", "expected JSON for a file, and If-Match")
        elif not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"at most {MAX_BODY_BYTES:,} bytes")
        else:
            try:
                edit = FileEdit.model_validate_json(self.rfile.read(int(length)))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(str(part) for part in first["loc"])
                raise DatasetError(f"the change cannot be used: {where}: {first['msg']}") from error
            file = self.server.review.save(number, edit, version)
            self._send_json(file.model_dump(), etag=file.version)

    def _send_image(self, number: int) -> None:
        """The file itself where browsers show its format, else the picture as PNG. Anything but an image is refused."""
        path = self.server.review.image_path(number)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputNotFoundError(f"the image '{path}' cannot be read: {error.strerror}") from error
        content_type = _SHOWN_AS_IS.get(sniff_format(data[:HEAD_BYTES]))
        if content_type is None:
            png = BytesIO()
            Image.fromarray(decode_image(data)).save(png, "PNG", compress_level=1)
            data, content_type = png.getvalue(), "image/png"
        self._send(HTTPStatus.OK, data, content_type)

    def _send_json(self, value: object, *, etag: str | None = None) -> None:
        self._send(HTTPStatus.OK, json.dumps(value).encode(), "application/json", etag)

    def _send_error(self, status: HTTPStatus, code: str, message: str) -> None:
        self._send(status, json.dumps({"code": code, "message": message}).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, content_type: str, etag: str | None = None) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if etag is not None:
            self.send_header("ETag", f'"{etag}"')
        self.end_headers()
        self.wfile.write(body)


def _number(place: str, prefix: str) -> int | None:
    """`api/files/12` and `api/files` give 12; None for any other path."""
    found = re.fullmatch(rf"{prefix}/(\d{{1,9}})", place)
    return int(found[1]) if found else None
