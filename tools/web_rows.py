"""Rows for `bench_web.py`, written in bulk: only read and relabelled, never seen by a model."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

from django.db import connection, transaction
from web_load import CLASSES

from hemascope.web.accounts.actions import generated_password, token_create, user_create
from hemascope.web.accounts.models import User
from hemascope.web.analyses.choices import FieldState
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.api.roles import Role
from hemascope.web.cases.choices import CaseState
from hemascope.web.cases.models import Case
from hemascope.web.patients.actions import patients_create
from hemascope.web.patients.models import Patient

_SURNAMES = ("Wang", "Li", "Zhang", "Liu", "Chen", "Smith", "Garcia", "Muller", "Novak", "Rossi")
_PATIENTS_AT_ONCE, _CELLS_AT_ONCE = 2000, 5000
_MADE_CASES = 100  # whose cells are made one by one; the others get copies of them


def readers(count: int) -> list[tuple[User, str]]:
    """Doctors without a department, each with a token."""
    people = []
    for number in range(count):
        name = f"reader{number}"
        user = user_create(
            by=None, username=name, password=generated_password(), role=Role.DOCTOR, email=f"{name}@bench.invalid"
        )
        people.append((user, token_create(user=user, name="bench", days=1)[1]))
    return people


def patients(by: User, count: int) -> list[int]:
    """With encrypted identities and their search tokens. The primary keys."""
    chosen = random.Random(0)
    for start in range(0, count, _PATIENTS_AT_ONCE):
        rows = [
            Patient(
                hospital_number=f"B{number:07d}",
                name=f"{chosen.choice(_SURNAMES)} {number:05d}",
                phone=f"+1 555 {number:07d}",
                birth_date=date(1930, 1, 1) + timedelta(days=chosen.randrange(30_000)),
                created_by=by,
            )
            for number in range(start, min(start + _PATIENTS_AT_ONCE, count))
        ]
        patients_create(by=by, patients=rows, source_sha256="0" * 64)
    return list(Patient.objects.order_by("pk").values_list("pk", flat=True))


def cases(by: User, patient_ids: list[int], *, count: int, cells_each: int, prefix: str) -> list[int]:
    """Analysed cases of one field each, with cells of all classes. The primary keys."""
    chosen = random.Random(1)
    with transaction.atomic():
        Case.objects.bulk_create(
            (
                Case(
                    number=f"{prefix}-{number:06d}",
                    patient_id=chosen.choice(patient_ids),
                    specimen="peripheral-blood",
                    collected_on=date(2026, 1, 1) + timedelta(days=number % 300),
                    state=CaseState.ANALYSED,
                    created_by=by,
                )
                for number in range(count)
            ),
            batch_size=_PATIENTS_AT_ONCE,
        )
    case_ids = list(Case.objects.filter(number__startswith=f"{prefix}-").order_by("pk").values_list("pk", flat=True))
    with transaction.atomic():
        Field.objects.bulk_create(
            (_field(by, case_id, f"{prefix}{case_id:x}") for case_id in case_ids), batch_size=_PATIENTS_AT_ONCE
        )
    field_of = dict(Field.objects.filter(case__in=case_ids).values_list("case", "pk"))
    made = case_ids[:_MADE_CASES]
    cells = (_cell(case_id, field_of[case_id], chosen) for case_id in made for _ in range(cells_each))
    while chunk := [cell for _, cell in zip(range(_CELLS_AT_ONCE), cells, strict=False)]:
        with transaction.atomic():
            Cell.objects.bulk_create(chunk)
    for start in range(_MADE_CASES, len(case_ids), _MADE_CASES):
        _copy_cells(list(zip(made, case_ids[start : start + _MADE_CASES], strict=False)), field_of)
    return case_ids


def _copy_cells(pairs: list[tuple[int, int]], field_of: dict[int, int]) -> None:
    """The cells of the first case of each pair for the second, inside the database: ten times as fast as by rows."""
    own = {"id", "case_id", "field_id"}
    columns = ", ".join(c.column for c in Cell._meta.concrete_fields if c.column not in own and not c.generated)
    insert = f"INSERT INTO {Cell._meta.db_table} (case_id, field_id, {columns}) "
    with transaction.atomic(), connection.cursor() as cursor:
        for source, target in pairs:
            select = f"SELECT %s, %s, {columns} FROM {Cell._meta.db_table} WHERE case_id = %s"
            cursor.execute(insert + select, (target, field_of[target], source))


def _field(by: User, case_id: int, name: str) -> Field:
    return Field(
        case_id=case_id,
        file=f"fields/00/{name}",
        original_name=f"{name}.jpg",
        sha256=name.rjust(64, "0"),
        bytes=1,
        width=2000,
        height=2000,
        focus=0.3,
        brightness=0.7,
        contrast=0.1,
        state=FieldState.EXAMINED,
        uploaded_by=by,
    )


def _cell(case_id: int, field_id: int, chosen: random.Random) -> Cell:
    x, y, score = chosen.uniform(0, 1900), chosen.uniform(0, 1900), chosen.random()
    first, second = chosen.sample(CLASSES, 2)
    return Cell(
        case_id=case_id,
        field_id=field_id,
        x1=x,
        y1=y,
        x2=x + 60,
        y2=y + 60,
        detector_score=0.9,
        model_class=first,
        model_score=score,
        runner_up=second,
        model_probabilities={first: score, second: 1 - score},
        is_unidentified=score < 0.1,
        ambiguity=chosen.random(),
    )


def painted_fields(count: int) -> Iterator[tuple[str, bytes]]:
    """Names and JPEGs of a painted bone-marrow smear."""
    import io

    from PIL import Image

    from hemascope.synth.smear import SmearSettings, paint_smear, preset_field

    for number, painted in enumerate(
        paint_smear(SmearSettings(preset_field("bone-marrow", width=960, height=720), count)), 1
    ):
        content = io.BytesIO()
        Image.fromarray(painted.rgb).save(content, "JPEG", quality=92)
        yield f"field_{number:04d}.jpg", content.getvalue()
