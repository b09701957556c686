"""Bodies of jobs for tests, run in this process or in a real worker."""

import time
from pathlib import Path

from hemascope.errors import CountsError, ModelError
from hemascope.web.audit.actions import audit_record
from hemascope.web.jobs.body import job
from hemascope.web.jobs.handle import JobHandle


@job(max_attempts=3)
def note_once(handle: JobHandle, *, note: str) -> None:
    with handle.finishing():
        audit_record(by=None, verb="test.effect", changes={"note": note})


@job(max_attempts=5)
def slow_note(handle: JobHandle, *, starts: str, seconds: float) -> None:
    """A line in the file `starts` for each attempt, then a while of work, then one effect."""
    with Path(starts).open("a") as file:
        file.write(f"{handle.attempt}\n")
    time.sleep(seconds)
    with handle.finishing():
        audit_record(by=None, verb="test.effect")


@job(max_attempts=2)
def refuse(handle: JobHandle, *, kind: str) -> None:
    raise {"input": CountsError("the table is empty"), "model": ModelError("no"), "bug": ZeroDivisionError("x")}[kind]


@job()
def three_steps(handle: JobHandle) -> None:
    for step in range(3):
        handle.progress(step + 1, 3)


def no_body(handle: JobHandle) -> None:
    raise AssertionError("ran although it is not marked")
