"""Everything that the description of the API allows, and more, is asked; answers must be among those it describes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi import checks

from hemascope.web.accounts.actions import token_create
from hemascope.web.accounts.models import User
from hemascope.web.analyses.actions import detection_run_start, recognition_run_start
from hemascope.web.wsgi import application
from web.analyses.builders import make_cell, make_field, picture_bytes
from web.builders import make_department, make_user
from web.cases.builders import make_case
from web.jobs.builders import make_job
from web.reports.builders import make_counted_case, make_report

DESCRIPTION = json.loads((Path(__file__).parents[3] / "frontend" / "openapi.json").read_bytes())
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
schemathesis.openapi.format("binary", st.just(picture_bytes()) | st.binary())  # what is uploaded
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
SCHEMA.app = application
OPERATIONS = {operation.ok().label: operation.ok() for operation in SCHEMA.get_all_operations()}
EXAMPLES = {"nobody": 1, "administrator": 3, "doctor": 3}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Requests see the rows of the test, as with Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def person(role: str) -> User | None:
    return None if role == "nobody" else make_user(role=role)


def things(by: User | None, noun: str) -> dict[str, Any]:
    """One of each noun, by the beginning of its address: random numbers would find nothing."""
    case = make_case()
    field = make_field(case)
    cell = make_cell(field)
    technician = case.created_by
    return {
        "cases": case.pk,
        "reviews/cases": case.pk,
        "fields": field.pk,
        "reviews/fields": field.pk,
        "cells": cell.pk,
        "reviews/cells": cell.pk,
        "patients": case.patient_id,
        "departments": make_department().pk,
        "users": technician.pk,
        "jobs": make_job(by=by).pk,
        "detection-runs": detection_run_start(by=technician, case=case).pk,
        "recognition-runs": recognition_run_start(by=technician, case=case).pk,
        "audit/events": 1,
        "bundles": "detector-light",
        **({"reports": make_report(case=make_counted_case(counts={"lymphocyte": 5})).pk} if noun == "reports" else {}),
        "me/tokens": token_create(user=by or technician, name="another", days=1)[0].pk,
    }


@pytest.mark.parametrize("role", EXAMPLES)
@pytest.mark.parametrize("label", OPERATIONS)
def test_answer_is_one_that_the_description_has(label: str, role: str) -> None:
    operation = OPERATIONS[label]
    who = person(role)
    headers = {} if who is None else {"Authorization": f"Bearer {token_create(user=who, name='fuzz', days=1)[1]}"}
    noun = operation.path.removeprefix("/api/v1/").partition("/{")[0]
    known = things(who, noun)

    @settings(
        max_examples=EXAMPLES[role],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = known.get(noun, case.path_parameters[name])
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()
