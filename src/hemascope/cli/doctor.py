"""`hemascope doctor`: what is installed, what works, what is broken."""

import typer

from hemascope.service.health import Finding, examine_installation

_EXIT_BROKEN = 1
_MARKS = {"ok": "ok     ", "note": "note   ", "broken": "BROKEN "}


def doctor() -> None:
    """Say what is installed, what works and what is broken.

    Exit code: 0 nothing is broken, 1 something is.
    """
    findings = list(examine_installation())
    for finding in findings:
        typer.echo(_line(finding))
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(_EXIT_BROKEN)


def _line(finding: Finding) -> str:
    return f"{_MARKS[finding.state]} {finding.subject}: {finding.text}"
