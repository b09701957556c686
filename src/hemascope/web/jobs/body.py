"""What a job does: a function of an app's `tasks.py`, marked with `@job`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string

from hemascope.errors import JobError
from hemascope.web.jobs.handle import JobHandle

Function = Callable[..., None]  # (handle: JobHandle, **arguments)


@dataclass(frozen=True, slots=True)
class JobBody:
    """Runs at least once and may be killed anywhere; what it writes inside `handle.finishing()` happens once."""

    function: Function
    max_attempts: int

    @property
    def path(self) -> str:
        return f"{self.function.__module__}.{self.function.__name__}"

    def __call__(self, handle: JobHandle, **arguments: Any) -> None:
        self.function(handle, **arguments)


def job(*, max_attempts: int = 3) -> Callable[[Function], JobBody]:
    """Marks a module-level function as the body of jobs."""
    return lambda function: JobBody(function, max_attempts)


def find_body(path: str) -> JobBody:
    """Raises JobError where `path` is something else: a row of the table must not run just anything."""
    body = import_string(path)
    if not isinstance(body, JobBody):
        raise JobError(f"'{path}' is no body of a job; mark the function with @job")
    return body
