"""What it saves to name the cells of many small cases in shared batches: one worker, with and without.

python tools/bench_batches.py [--cases 50 --cells 8]

On SQLite in a temporary folder, with the shipped classifier. Writes batches.csv and batches-machine.json.
"""

import argparse
import csv
import json
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from hemascope.data.machine import describe_machine
from hemascope.inference.classifier import Classifier
from hemascope.web.installation import environment_for, prepare_database, prepare_folder

MODES = {"each case alone": 0, "cases together": 256}  # cells that a worker takes together
COLUMNS = (
    "mode", "cases", "cells_each", "cells", "batches", "repeats", "seed", "seconds_median", "seconds_all",
    "cpu_seconds_median",
)  # fmt: skip
Row = dict[str, Any]


def make_cases(cases: int, cells_each: int, seed: int) -> list[Any]:
    """New cases of one painted field each, with unnamed cells somewhere in it."""
    import web_rows
    from django.core.files.uploadedfile import SimpleUploadedFile

    from hemascope.web.accounts.models import User
    from hemascope.web.analyses.actions import fields_upload
    from hemascope.web.analyses.models import Cell, Field
    from hemascope.web.cases.actions import case_create
    from hemascope.web.patients.models import Patient

    by, chosen = User.objects.earliest("pk"), random.Random(seed)
    [(name, content)] = web_rows.painted_fields(1)
    made = []
    for _ in range(cases):
        case = case_create(
            by=by, patient=Patient.objects.earliest("pk"), specimen="bone-marrow", collected_on="2026-01-01"
        )
        file = SimpleUploadedFile(name, content)
        [outcome] = fields_upload(by=by, case=case, files=[file], kind="field", microns_per_pixel=None)
        assert isinstance(outcome.field, Field)
        corners = [(chosen.uniform(0, 860), chosen.uniform(0, 620)) for _ in range(cells_each)]
        Cell.objects.bulk_create(
            Cell(case=case, field=outcome.field, x1=x, y1=y, x2=x + 90, y2=y + 90) for x, y in corners
        )
        made.append(case)
    return made


def run(cases: int, cells_each: int, seed: int, together: int) -> tuple[float, float, int]:
    """Seconds from the first job to the last, those of the processor, and batches of the network."""
    from django.conf import settings

    from hemascope.web.analyses.actions import recognition_run_start
    from hemascope.web.analyses.models import Cell
    from hemascope.web.jobs.database_worker import DatabaseWorker

    settings.RECOGNISED_TOGETHER_CELLS = together
    made = make_cases(cases, cells_each, seed)
    for case in made:
        recognition_run_start(by=case.created_by, case=case)
    batches, classify_really = 0, Classifier._classify_batch

    def classify(self: Classifier, crops: Any) -> Any:
        nonlocal batches
        batches += 1
        return classify_really(self, crops)

    Classifier._classify_batch = classify  # type: ignore[method-assign]
    start, cpu_start = time.perf_counter(), time.process_time()
    try:
        DatabaseWorker(batch=True).run()
    finally:
        Classifier._classify_batch = classify_really  # type: ignore[method-assign]
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    named = Cell.objects.filter(case__in=made).exclude(recognition_run=None).count()
    if named != cases * cells_each:
        raise SystemExit(f"{named} of {cases * cells_each} cells were named")
    return seconds, cpu_seconds, batches


def bench(options: argparse.Namespace) -> list[Row]:
    import web_rows

    by = web_rows.readers(1)[0][0]
    web_rows.patients(by, 1)
    run(1, 1, options.seed, 0)  # loads the network
    measured: dict[str, list[tuple[float, float, int]]] = {mode: [] for mode in MODES}
    for repeat in range(options.repeats):  # in turns: what else the machine does then falls on both
        for mode, together in MODES.items():
            measured[mode].append(run(options.cases, options.cells, options.seed + repeat, together))
            print(mode, *measured[mode][-1])
    return [
        {
            "mode": mode,
            "cases": options.cases,
            "cells_each": options.cells,
            "cells": options.cases * options.cells,
            "batches": times[0][2],
            "repeats": options.repeats,
            "seed": options.seed,
            "seconds_median": round(statistics.median(seconds for seconds, _, _ in times), 2),
            "seconds_all": " ".join(f"{seconds:.2f}" for seconds, _, _ in times),
            "cpu_seconds_median": round(statistics.median(cpu for _, cpu, _ in times), 2),
        }
        for mode, times in measured.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/web"))
    parser.add_argument("--cases", type=int, default=50)
    parser.add_argument("--cells", type=int, default=8, help="of each case")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        prepare_folder(data)
        given = {name: value for name, value in os.environ.items() if not name.startswith("HEMASCOPE_")}
        os.environ.update(environment_for(data, given))
        prepare_database()
        rows = bench(options)
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "batches.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    machine = describe_machine("django", "django-tasks-db", "onnxruntime")
    (options.out / "batches-machine.json").write_text(json.dumps(machine, indent=1) + "\n")


if __name__ == "__main__":
    main()
