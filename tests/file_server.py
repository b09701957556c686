"""A real little web server for download tests: it can break off, forget ranges, and change its file."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class ServedFile:
    """What `/file.zip` gives; `dies_after` bytes of each answer the connection is cut, as many times as `deaths`."""

    content: bytes
    etag: str | None = '"one"'
    ranges: bool = True
    dies_after: int = 0
    deaths: int = 0
    requests: list[str | None] = field(default_factory=list)  # the Range header of each request
    url: str = ""


@contextmanager
def serve(file: ServedFile) -> Iterator[ServedFile]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            file.requests.append(wanted)
            if self.path != "/file.zip":
                self.send_error(404)
                return
            start = 0
            if wanted and file.ranges and self.headers["If-Range"] == file.etag:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                if start >= len(file.content):
                    self.send_error(416)
                    return
            self.send_response(206 if start else 200)
            body = file.content[start:]
            self.send_header("Content-Length", str(len(body)))
            if file.etag:
                self.send_header("ETag", file.etag)
            self.end_headers()
            if file.deaths:
                file.deaths -= 1
                body = body[: file.dies_after]
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    file.url = f"http://127.0.0.1:{server.server_port}/file.zip"
    try:
        yield file
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
