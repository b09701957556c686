"""The workstation under load: readers who relabel at once, long lists, and many fields uploaded in one go.

python tools/bench_web.py [--seconds 120]                               # on SQLite
tools/with-services.sh python tools/bench_web.py                        # on MariaDB and Redis

Starts a real server with its workers on a temporary folder. Writes web.csv (rows of the other database stay) and
machine.json. Exit code 1 where a request failed, an update was lost, or a field was analysed not once.
"""

import argparse
import csv
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from web_load import Client, Measured, Reader, lost_updates, multipart

from hemascope.data.machine import describe_machine
from hemascope.web.installation import environment_for, prepare_database, prepare_folder

COLUMNS = (
    "database", "scenario", "requests", "errors", "lost_or_doubled", "conflicts", "items", "seconds",
    "p50_ms", "p95_ms", "p99_ms",
)  # fmt: skip
SCENARIOS = ("readers", "lists", "uploads")
LISTS = {
    "patients": "patients?page={page}",
    "patients by name": "patients?search={surname}",
    "patients by number": "patients?search=B00{digits}",
    "cases": "cases?page={page}",
    "cells": "reviews/cells",
    "cells of a class": "reviews/cells?shown_class={cell_class}",
    "cells confirmed": "reviews/cells?is_confirmed=true",
    "gallery of a case": "reviews/cells?case={case}&shown_class={cell_class}&ordering=-ambiguity",
    "cells of a patient": "reviews/cells?patient={patient}",
    "progress of a case": "reviews/cases/{case}/progress",
}
Row = dict[str, Any]


def timing(measured: Measured) -> Row:
    p50, p95, p99 = np.percentile(np.array(measured.seconds or [np.nan]) * 1000, (50, 95, 99)).round(1).tolist()
    for error, count in Counter(measured.errors).most_common(3):
        print(f"  {count} x {error[:300]}", file=sys.stderr)
    count, errors = len(measured.seconds) + len(measured.errors), len(measured.errors)
    return {"requests": count, "errors": errors, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99}


def together(parts: Sequence[Measured]) -> Measured:
    return Measured([s for part in parts for s in part.seconds], [e for part in parts for e in part.errors])


def bench_readers(clients: Sequence[Client], case_ids: Sequence[int], seconds: float, pause_s: float) -> Iterator[Row]:
    start = time.monotonic()
    people = [
        Reader(client, case_ids, seed=number, until=start + seconds, pause_s=pause_s)
        for number, client in enumerate(clients)
    ]
    with ThreadPoolExecutor(len(people)) as pool:
        for ended in [pool.submit(person.run) for person in people]:
            ended.result()
    took = round(time.monotonic() - start, 1)
    accepted = [change for person in people for change in person.accepted]
    name = f"{len(people)} readers, one request in {pause_s:g} s each"
    yield {
        "scenario": f"{name}: relabel",
        "lost_or_doubled": lost_updates(accepted),
        "conflicts": sum(person.conflicts for person in people),
        "items": len(accepted),
        "seconds": took,
    } | timing(together([person.named for person in people]))
    yield {"scenario": f"{name}: gallery", "seconds": took} | timing(together([person.looked for person in people]))


def bench_lists(
    clients: Sequence[Client], case_ids: Sequence[int], patient_ids: Sequence[int], repeats: int
) -> Iterator[Row]:
    """Each list with other pages, cases and classes each time; the first answer of each counts as well."""
    chosen = random.Random(2)
    everything = Measured()
    for name, address in LISTS.items():
        measured = Measured()
        for _ in range(repeats):
            values = {
                "page": chosen.randint(1, max(1, len(patient_ids) // 50)),
                "surname": chosen.choice(("Wang", "smi", "Nov", "rossi")),
                "digits": f"{chosen.randrange(100):02d}",
                "cell_class": chosen.choice(("lymphocyte", "monocyte", "unidentified")),
                "case": chosen.choice(case_ids),
                "patient": chosen.choice(patient_ids),
            }
            if name == "cases":
                values["page"] = chosen.randint(1, max(1, len(case_ids) // 50))
            measured.ask(chosen.choice(clients), "GET", address.format(**values))
        yield {"scenario": f"list: {name}"} | timing(measured)
        everything = together([everything, measured])
    yield {"scenario": "list: all of these"} | timing(everything)


def bench_uploads(client: Client, case_id: int, fields: Sequence[tuple[str, bytes]]) -> Iterator[Row]:
    measured = Measured()
    start = time.monotonic()
    measured.ask(client, "POST", f"cases/{case_id}/fields", multipart(fields))
    uploaded = time.monotonic()
    yield {
        "scenario": f"upload of {len(fields)} fields",
        "items": len(fields),
        "seconds": round(uploaded - start, 1),
    } | timing(measured)
    run = measured.ask(client, "POST", f"cases/{case_id}/detection-runs", {})
    wait_for(client, f"detection-runs/{run['id']}")
    [recognition] = client.ask("GET", f"cases/{case_id}/recognition-runs")[1]["results"]
    wait_for(client, f"recognition-runs/{recognition['id']}")
    cells, wrong = analysed_once(case_id, run["id"], len(fields))
    yield {
        "scenario": f"{len(fields)} fields from upload to recognised cells",
        "errors": len(measured.errors),
        "lost_or_doubled": wrong,
        "items": cells,
        "seconds": round(time.monotonic() - start, 1),
    }


def wait_for(client: Client, address: str) -> None:
    while (run := client.ask("GET", address)[1])["status"] in ("queued", "running"):
        time.sleep(1)
    if run["status"] != "done":
        raise SystemExit(f"{address} ended as {run['status']}: {run['error_message']}")


def analysed_once(case_id: int, run_id: str, expected: int) -> tuple[int, int]:
    """Cells, and how many fields or cells are missing, doubled or without a name."""
    from hemascope.web.analyses.models import Cell, Field

    fields = Field.objects.filter(case=case_id)
    wrong = abs(fields.count() - expected) + fields.exclude(state="examined", examined_by=run_id).count()
    cells = Cell.objects.filter(case=case_id)
    boxes = Counter(cells.values_list("field", "x1", "y1", "x2", "y2"))
    wrong += sum(count - 1 for count in boxes.values()) + cells.filter(recognition_run=None).count()
    return cells.count(), wrong


@contextmanager
def workstation(data: Path, workers: int) -> Iterator[int]:
    """The port of a running one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with (data / "log").open("w") as log:
        command = [sys.executable, "-m", "hemascope", "serve", "--data", str(data), "--port", str(port)]
        process = subprocess.Popen([*command, "--workers", str(workers)], stdout=log, stderr=log)
    try:
        end = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < end:
            try:
                if Client(port, "").ask("GET", "session")[0] < 500:
                    break
            except OSError:
                time.sleep(0.2)
        else:
            raise SystemExit(f"the workstation did not start:\n{(data / 'log').read_text()[-2000:]}")
        for _ in range(20):  # each web process loads the addresses with its first request
            Client(port, "").ask("GET", "session")
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def make_database() -> None:
    """That of HEMASCOPE_DATABASE_URL, empty; SQLite makes its own."""
    url = urlsplit(os.environ.get("HEMASCOPE_DATABASE_URL", ""))
    if url.scheme:
        import pymysql

        with pymysql.connect(
            host=url.hostname, port=url.port or 3306, user=url.username, password=url.password or ""
        ) as server:
            server.cursor().execute(f"CREATE DATABASE `{url.path.strip('/')}` CHARACTER SET utf8mb4")


def bench(data: Path, options: argparse.Namespace) -> Iterator[Row]:
    prepare_folder(data)
    make_database()
    os.environ.update(environment_for(data, os.environ))
    prepare_database()
    import web_rows

    from hemascope.web.cases.actions import case_create
    from hemascope.web.cases.models import Case

    people = web_rows.readers(options.readers)
    by = people[0][0]
    patient_ids = web_rows.patients(by, options.patients)
    print(f"{len(patient_ids)} patients are written", file=sys.stderr)
    shared = web_rows.cases(by, patient_ids, count=20, cells_each=200, prefix="R")
    all_cases = []
    if "lists" in options.only:
        all_cases = web_rows.cases(by, patient_ids, count=max(1, options.cells // 500), cells_each=500, prefix="L")
        print(f"{options.cells} cells are written", file=sys.stderr)
    painted = list(web_rows.painted_fields(options.fields)) if "uploads" in options.only else []
    case = Case.objects.get(pk=shared[0])
    empty = case_create(by=by, patient=case.patient, specimen="bone-marrow", collected_on=case.collected_on)
    with workstation(data, options.workers) as port:
        clients = [Client(port, token) for _, token in people]
        if "lists" in options.only:
            yield from bench_lists(clients, all_cases, patient_ids, options.repeats)
        if "readers" in options.only:
            yield from bench_readers(clients, shared, options.seconds, options.pause)
        if painted:
            yield from bench_uploads(clients[0], empty.pk, painted)


def write(out: Path, rows: Sequence[Row]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    path = out / "web.csv"
    mine = {(row["database"], row["scenario"]) for row in rows}
    kept = []
    if path.is_file():
        with path.open(newline="") as file:
            kept = [row for row in csv.DictReader(file) if (row["database"], row["scenario"]) not in mine]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *rows])
    machine = describe_machine("django", "djangorestframework", "gunicorn", "django-tasks-db", "celery", "onnxruntime")
    (out / "machine.json").write_text(json.dumps(machine, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/web"))
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=SCENARIOS)
    parser.add_argument("--seconds", type=float, default=120, help="for which the readers relabel")
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--pause", type=float, default=1.0, help="mean seconds between two requests of one reader")
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--fields", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=50, help="requests of each list")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    database = urlsplit(os.environ.get("HEMASCOPE_DATABASE_URL", "")).scheme.replace("mysql", "mariadb") or "sqlite"
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in bench(Path(folder) / "data", options):
            rows.append({"database": database} | row)
            print(json.dumps(rows[-1]))
    write(options.out, rows)
    if any(row.get("errors") or row.get("lost_or_doubled") for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
