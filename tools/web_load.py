"""What `bench_web.py` asks a running workstation, and what it checks in the database afterwards."""

import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

CLASSES = ("lymphocyte", "monocyte", "segmented_neutrophil", "eosinophil", "basophil", "myeloblast")
_PATIENCE_S = 120
_BOUNDARY = "bench-boundary-7f3a"


@dataclass(frozen=True, slots=True)
class Client:
    """A person's program; a connection for each request."""

    port: int
    token: str

    def ask(self, method: str, address: str, body: Any = None) -> tuple[int, Any]:
        """Status and parsed answer; `body` is JSON, or bytes of a multipart form."""
        content_type = f"multipart/form-data; boundary={_BOUNDARY}" if isinstance(body, bytes) else "application/json"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_S)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
            connection.request(method, f"/api/v1/{address}", content, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()


def multipart(files: Sequence[tuple[str, bytes]]) -> bytes:
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


@dataclass(slots=True)
class Measured:
    """Seconds of each request that was answered as it should be; the others are errors."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def ask(self, client: Client, method: str, address: str, body: Any = None) -> Any:
        """The answer, or None where it was an error."""
        start = time.perf_counter()
        try:
            status, answer = client.ask(method, address, body)
        except OSError as error:
            self.errors.append(f"{type(error).__name__}: {error}")
            return None
        if status >= 400:
            self.errors.append(f"{status} {answer}")
            return None
        self.seconds.append(time.perf_counter() - start)
        return answer


class Reader:
    """Looks through the galleries of shared cases and names cells, as it last saw them; colleagues do the same."""

    def __init__(self, client: Client, case_ids: Sequence[int], *, seed: int, until: float, pause_s: float) -> None:
        self.named, self.looked = Measured(), Measured()
        self.accepted: list[tuple[int, int, str]] = []  # cell, its version afterwards, class
        self.conflicts = 0
        self._client, self._case_ids, self._until, self._pause_s = client, case_ids, until, pause_s
        self._random = random.Random(seed)
        self._seen: dict[int, tuple[int, str]] = {}  # cell -> version and class

    def run(self) -> None:
        time.sleep(self._random.uniform(0, self._pause_s))
        while time.monotonic() < self._until:
            if not self._seen or self._random.random() < 0.1:
                self._look()
            else:
                self._relabel()
            time.sleep(self._random.uniform(0.5, 1.5) * self._pause_s)

    def _look(self) -> None:
        case_id = self._random.choice(self._case_ids)
        page = self.looked.ask(self._client, "GET", f"reviews/cells?case={case_id}&ordering=-ambiguity")
        self._seen = {
            cell["id"]: (cell["version"], cell["shown_class"]) for cell in (page or {"results": []})["results"]
        }

    def _relabel(self) -> None:
        """Gives one to five cells a class that they do not have, so that each acceptance is a change."""
        chosen = self._random.sample(sorted(self._seen), min(len(self._seen), self._random.randint(1, 5)))
        had = {self._seen[cell][1] for cell in chosen}
        new_class = self._random.choice([name for name in CLASSES if name not in had])
        cells = [{"id": cell, "version": self._seen[cell][0]} for cell in chosen]
        answer = self.named.ask(
            self._client, "POST", "reviews/cells/relabel", {"cells": cells, "reader_class": new_class}
        )
        if answer is None:
            return
        for cell in answer["cells"]:
            self.accepted.append((cell["id"], cell["version"], new_class))
            self._seen[cell["id"]] = (cell["version"], new_class)
        self.conflicts += len(answer["conflicts"])
        for conflict in answer["conflicts"]:
            cell = conflict["cell"]
            self._seen[conflict["id"]] = (cell["version"], cell["shown_class"])


def lost_updates(accepted: Sequence[tuple[int, int, str]]) -> int:
    """Accepted namings that the database does not show: each must be a step, and the last of a cell its state.

    Two namings that were both told the same version of a cell would have overwritten one another.
    """
    from hemascope.web.analyses.models import Cell
    from hemascope.web.reviews.models import LabelChange

    told = Counter((cell, version) for cell, version, _ in accepted)
    recorded = set(LabelChange.objects.values_list("cell", "version"))
    lost = sum(count - 1 for count in told.values()) + sum(pair not in recorded for pair in told)
    lost += len(recorded - set(told))  # a change that nobody was told of
    last: dict[int, tuple[int, str]] = {}
    for cell, version, name in accepted:
        last[cell] = max(last.get(cell, (0, "")), (version, name))
    for cell in Cell.objects.filter(pk__in=last).iterator():
        lost += (cell.version, cell.reader_class) != last[cell.pk]
    return lost
