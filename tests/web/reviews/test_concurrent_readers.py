"""Readers at the same moment, each with a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Cell
from hemascope.web.audit.models import AuditEvent
from hemascope.web.audit.selectors import audit_verify
from hemascope.web.reviews.actions import CellVersion, cells_relabel
from hemascope.web.reviews.models import LabelChange, ReviewStep
from hemascope.web.reviews.steps import StepOutcome
from web.analyses.builders import make_cell, make_field
from web.builders import make_user
from web.cases.builders import make_case

pytestmark = pytest.mark.django_db(transaction=True)

READERS = 6


def all_at_once(act: Callable[[User], StepOutcome], readers: list[User]) -> list[StepOutcome]:
    def in_thread(reader: User) -> StepOutcome:
        try:
            return act(reader)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(readers)) as pool:
        return list(pool.map(in_thread, readers))


def test_of_readers_who_name_the_same_cells_one_wins_each_cell_and_none_fails() -> None:
    field = make_field(make_case(state="analysed"))
    cells = [make_cell(field) for _ in range(4)]
    seen = [CellVersion(cell.pk, cell.version) for cell in cells]
    readers = [make_user(role="doctor") for _ in range(READERS)]

    def relabel(reader: User) -> StepOutcome:  # half of them in the other order, as locks would meet
        ordered = seen if reader.pk % 2 else seen[::-1]
        return cells_relabel(by=reader, cells=ordered, reader_class="monocyte")

    outcomes = all_at_once(relabel, readers)

    assert sum(len(outcome.cells) for outcome in outcomes) == len(cells)
    assert sum(len(outcome.conflicts) for outcome in outcomes) == len(cells) * (READERS - 1)
    assert set(Cell.objects.values_list("version", flat=True)) == {2}
    assert LabelChange.objects.count() == len(cells)


def test_steps_of_different_readers_on_one_case_all_count_and_the_trail_stays_whole() -> None:
    field = make_field(make_case(state="analysed"))
    readers = [make_user(role="doctor") for _ in range(READERS)]
    cell_of = {reader.pk: make_cell(field) for reader in readers}

    def relabel(reader: User) -> StepOutcome:
        cell = cell_of[reader.pk]
        for version, reader_class in enumerate(("monocyte", "basophil", "eosinophil"), start=1):
            outcome = cells_relabel(by=reader, cells=[CellVersion(cell.pk, version)], reader_class=reader_class)
        return outcome

    outcomes = all_at_once(relabel, readers)

    assert all(not outcome.conflicts for outcome in outcomes)
    assert set(Cell.objects.values_list("version", "reader_class")) == {(4, "eosinophil")}
    assert ReviewStep.objects.count() == 3 * READERS
    assert audit_verify() == AuditEvent.objects.count()
