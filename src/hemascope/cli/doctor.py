"""`hemascope doctor`: what is installed, what works, what is broken."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hemascope.service.health import Finding, examine_installation

_EXIT_BROKEN = 1
_MARKS = {"ok": "ok     ", "note": "note   ", "broken": "BROKEN "}


def doctor(
    deploy: Annotated[bool, typer.Option(help="Also examine a workstation: settings, database, queue ...")] = False,
    data: Annotated[Path | None, typer.Option(help="Its data folder; default: HEMASCOPE_DATA.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write a JSON list of {state, subject, text}.")] = False,
) -> None:
    """Say what is installed, what works and what is broken.

    Exit code: 0 nothing is broken, 1 something is.
    """
    findings = []
    for finding in _findings(deploy, data):
        findings.append(finding)
        if not as_json:
            typer.echo(_line(finding))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(_EXIT_BROKEN)


def _findings(deploy: bool, data: Path | None) -> Iterator[Finding]:
    yield from examine_installation()
    if deploy:
        from hemascope.web.installation import SETTINGS, environment_for
        from hemascope.web.operations.deployment import examine_deployment

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
        if data is not None:
            os.environ.update(environment_for(data, os.environ))
        yield from examine_deployment()


def _line(finding: Finding) -> str:
    return f"{_MARKS[finding.state]} {finding.subject}: {finding.text}"
