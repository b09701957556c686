"""Naming, confirming and deleting cells; who loses when two change the same one; undo and redo."""

from typing import Any

import pytest
from django.utils.dateparse import parse_datetime

from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Cell
from hemascope.web.audit.models import AuditEvent
from hemascope.web.audit.selectors import audit_verify
from hemascope.web.cases.models import Case
from hemascope.web.reviews.models import LabelChange, ReviewStep
from web.analyses.builders import make_cell, make_field
from web.builders import make_department, make_user
from web.cases.builders import make_case
from web.client import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin() -> User:
    return make_user("lin", role="doctor", department=make_department())


@pytest.fixture
def wang(lin: User) -> User:
    return make_user("wang", role="technician", department=lin.department)


@pytest.fixture
def case(lin: User) -> Case:
    return make_case(lin, state="analysed")


@pytest.fixture
def cells(case: Case) -> list[Cell]:
    field = make_field(case)
    return [make_cell(field) for _ in range(3)]


def step(person: User, verb: str, cells: list[Cell], **body: Any) -> dict[str, Any]:
    """The answer; the cells are sent with the versions that they had when they were last loaded."""
    named = [{"id": cell.pk, "version": cell.version} for cell in cells]
    status, answer = Client(person).post(f"reviews/cells/{verb}", {"cells": named} | body)
    assert status == 200, answer
    return answer


def reverse(person: User, case: Case, verb: str) -> dict[str, Any]:
    status, answer = Client(person).post(f"reviews/cases/{case.pk}/{verb}")
    assert status == 200, answer
    return answer


def classes(cells: list[Cell]) -> list[str]:
    found = Cell.objects.in_bulk([cell.pk for cell in cells])
    return [found[cell.pk].reader_class for cell in cells]


def load(cells: list[Cell]) -> list[Cell]:
    for cell in cells:
        cell.refresh_from_db()
    return cells


def test_relabelled_cells_are_confirmed_and_keep_what_the_model_said(lin: User, cells: list[Cell]) -> None:
    answer = step(lin, "relabel", cells, reader_class="monocyte")

    assert [cell["shown_class"] for cell in answer["cells"]] == ["monocyte"] * 3
    assert [cell["version"] for cell in answer["cells"]] == [2] * 3
    cell = load(cells)[0]
    assert (cell.model_class, cell.model_score, cell.runner_up) == ("lymphocyte", 0.8, "monocyte")
    assert (cell.is_confirmed, cell.verified_by, cell.verified_at is not None) == (True, lin, True)


def test_first_step_moves_the_case_into_review(lin: User, case: Case, cells: list[Cell]) -> None:
    step(lin, "confirm", cells)

    case.refresh_from_db()
    assert case.state == "in_review"


def test_confirming_makes_the_shown_class_the_readers_word(lin: User, cells: list[Cell]) -> None:
    step(lin, "confirm", cells)
    Cell.objects.update(model_class="basophil")

    assert [cell.shown_class for cell in load(cells)] == ["lymphocyte"] * 3


def test_unidentified_cell_needs_a_class_and_holds_up_no_other(lin: User, cells: list[Cell]) -> None:
    Cell.objects.filter(pk=cells[1].pk).update(is_unidentified=True)

    answer = step(lin, "confirm", cells)

    assert [(one["id"], one["code"]) for one in answer["conflicts"]] == [(cells[1].pk, "conflict")]
    assert classes(cells) == ["lymphocyte", "", "lymphocyte"]


def test_cell_put_into_the_unidentified_group_is_open_again(lin: User, cells: list[Cell]) -> None:
    step(lin, "confirm", cells)
    step(lin, "relabel", load(cells), reader_class="unidentified")

    cell = load(cells)[0]
    assert (cell.shown_class, cell.is_confirmed, cell.verified_by) == ("unidentified", False, None)


def test_cell_changed_by_a_colleague_is_a_conflict_and_the_others_are_kept(
    lin: User, wang: User, cells: list[Cell]
) -> None:
    step(wang, "relabel", cells[1:2], reader_class="basophil")

    answer = step(lin, "relabel", cells, reader_class="monocyte")

    assert [cell["id"] for cell in answer["cells"]] == [cells[0].pk, cells[2].pk]
    [conflict] = answer["conflicts"]
    assert (conflict["id"], conflict["code"], conflict["cell"]["reader_class"]) == (
        cells[1].pk,
        "stale_version",
        "basophil",
    )
    assert classes(cells) == ["monocyte", "basophil", "monocyte"]


def test_conflict_says_who_changed_the_cell_and_when(lin: User, wang: User, cells: list[Cell]) -> None:
    step(wang, "relabel", cells[:1], reader_class="basophil")
    Cell.objects.filter(pk=cells[1].pk).update(version=5)  # not by a reader

    by_wang, by_nobody = step(lin, "relabel", cells[:2], reader_class="monocyte")["conflicts"]

    assert (by_wang["changed_by_name"], by_nobody["changed_by_name"]) == ("wang", "")
    assert (parse_datetime(by_wang["changed_at"]), by_nobody["changed_at"]) == (ReviewStep.objects.get().at, None)


def test_cell_that_may_not_be_seen_is_a_conflict_that_tells_nothing(lin: User, cells: list[Cell]) -> None:
    stranger = make_cell(make_field(make_case(make_user(role="doctor", department=make_department()))))

    [conflict] = step(lin, "relabel", [cells[0], stranger], reader_class="monocyte")["conflicts"]

    assert (conflict["id"], conflict["code"], conflict["cell"]) == (stranger.pk, "not_found", None)
    assert (conflict["changed_by_name"], conflict["changed_at"]) == ("", None)
    assert classes([stranger]) == [""]


def test_cells_of_several_cases_are_changed_in_one_request_and_undone_case_by_case(
    lin: User, case: Case, cells: list[Cell]
) -> None:
    other = make_cell(make_field(make_case(lin)))
    step(lin, "relabel", [*cells, other], reader_class="monocyte")

    reverse(lin, case, "undo")

    assert classes([*cells, other]) == ["", "", "", "monocyte"]


def test_saying_the_same_again_is_no_step(lin: User, cells: list[Cell]) -> None:
    step(lin, "relabel", cells, reader_class="monocyte")
    answer = step(lin, "relabel", load(cells), reader_class="monocyte")

    assert [cell["version"] for cell in answer["cells"]] == [2] * 3
    assert ReviewStep.objects.count() == 1


def test_deleted_cell_is_not_named_and_can_be_restored(lin: User, cells: list[Cell]) -> None:
    step(lin, "delete", cells[:1])

    assert step(lin, "relabel", load(cells), reader_class="monocyte")["conflicts"][0]["code"] == "conflict"
    assert step(lin, "restore", load(cells)[:1])["cells"][0]["is_deleted"] is False


def test_undo_takes_back_steps_one_by_one_and_redo_does_them_again(lin: User, case: Case, cells: list[Cell]) -> None:
    for reader_class in ("monocyte", "basophil", "eosinophil"):
        step(lin, "relabel", load(cells), reader_class=reader_class)

    seen = []
    for verb in ("undo", "undo", "undo", "redo", "redo", "redo"):
        assert reverse(lin, case, verb)["conflicts"] == []
        seen.append(classes(cells)[0])
    assert seen == ["basophil", "monocyte", "", "monocyte", "basophil", "eosinophil"]
    assert load(cells)[0].version == 1 + 3 + 6


def test_undo_gives_back_who_confirmed_and_when(lin: User, wang: User, case: Case, cells: list[Cell]) -> None:
    step(wang, "confirm", cells)
    before = load(cells)[0].verified_at
    step(lin, "relabel", cells, reader_class="monocyte")

    reverse(lin, case, "undo")

    cell = load(cells)[0]
    assert (cell.reader_class, cell.verified_by, cell.verified_at) == ("lymphocyte", wang, before)


def test_undo_is_ones_own_and_never_a_colleagues(lin: User, wang: User, case: Case, cells: list[Cell]) -> None:
    step(lin, "relabel", cells[:1], reader_class="monocyte")
    step(wang, "relabel", cells[1:2], reader_class="basophil")

    reverse(lin, case, "undo")

    assert classes(cells) == ["", "basophil", ""]


def test_undo_leaves_what_a_colleague_changed_since(lin: User, wang: User, case: Case, cells: list[Cell]) -> None:
    step(lin, "relabel", cells, reader_class="monocyte")
    step(wang, "relabel", load(cells)[1:2], reader_class="basophil")

    answer = reverse(lin, case, "undo")

    assert [one["id"] for one in answer["conflicts"]] == [cells[1].pk]
    assert classes(cells) == ["", "basophil", ""]


def test_new_step_after_an_undo_ends_redo(lin: User, case: Case, cells: list[Cell]) -> None:
    step(lin, "relabel", cells, reader_class="monocyte")
    reverse(lin, case, "undo")
    step(lin, "relabel", load(cells), reader_class="basophil")

    status, body = Client(lin).post(f"reviews/cases/{case.pk}/redo")
    assert (status, body["code"]) == (409, "conflict")


@pytest.mark.parametrize("verb", ["undo", "redo"])
def test_nothing_to_reverse_is_told(lin: User, case: Case, verb: str) -> None:
    assert Client(lin).post(f"reviews/cases/{case.pk}/{verb}")[0] == 409


def test_history_of_a_cell_holds_every_step(lin: User, case: Case, cells: list[Cell]) -> None:
    step(lin, "relabel", cells, reader_class="monocyte")
    reverse(lin, case, "undo")

    _, history = Client(lin).get(f"reviews/cells/{cells[0].pk}/history")

    assert [(one["verb"], one["after"]["reader_class"], one["model_class"]) for one in history] == [
        ("relabel", "monocyte", "lymphocyte"),
        ("undo", "", "lymphocyte"),
    ]
    assert {one["reader_name"] for one in history} == {"lin"}


def test_steps_carry_the_numbers_of_their_audit_events(lin: User, case: Case, cells: list[Cell]) -> None:
    step(lin, "relabel", cells, reader_class="monocyte")

    taken = ReviewStep.objects.get()
    assert AuditEvent.objects.get(pk=taken.sequence).verb == "review.relabel"
    assert {cell.changed_sequence for cell in load(cells)} == {taken.sequence}
    assert Client(lin).get(f"reviews/cases/{case.pk}/steps")[1]["results"][0]["cells"] == 3
    assert audit_verify() == AuditEvent.objects.count()


@pytest.mark.parametrize("state", ["signed", "amended"])
def test_cells_of_a_signed_case_stay_as_they_are(lin: User, case: Case, cells: list[Cell], state: str) -> None:
    Case.objects.filter(pk=case.pk).update(state=state)
    named = [{"id": cells[0].pk, "version": 1}]

    status, body = Client(lin).post("reviews/cells/relabel", {"cells": named, "reader_class": "monocyte"})

    assert (status, body["code"], LabelChange.objects.count()) == (409, "conflict", 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"cells": [], "reader_class": "monocyte"}, "cells.non_field_errors"),
        ({"cells": [{"id": 1}], "reader_class": "monocyte"}, "cells.0.version"),
        ({"cells": [{"id": 1, "version": 1}] * 2, "reader_class": "monocyte"}, "cells"),
        ({"cells": [{"id": 1, "version": 1}], "reader_class": "unicorn"}, "reader_class"),
        ({"cells": [{"id": 1, "version": 1}]}, "reader_class"),
    ],
)
def test_relabel_that_makes_no_sense_is_told_why(lin: User, body: dict[str, Any], field: str) -> None:
    status, answer = Client(lin).post("reviews/cells/relabel", body)

    assert status == 400
    assert list(answer["detail"]) == [field]


def test_changes_show_a_reader_what_colleagues_did_since(lin: User, wang: User, case: Case, cells: list[Cell]) -> None:
    start = Client(lin).get(f"reviews/cases/{case.pk}/progress")[1]["sequence"]
    step(wang, "relabel", cells[:1], reader_class="monocyte")
    step(wang, "delete", cells[1:2])

    _, first = Client(lin).get(f"reviews/cases/{case.pk}/changes", since=start)
    _, nothing = Client(lin).get(f"reviews/cases/{case.pk}/changes", since=first["sequence"])

    assert [(cell["id"], cell["is_deleted"]) for cell in first["cells"]] == [(cells[0].pk, False), (cells[1].pk, True)]
    assert (nothing["cells"], nothing["sequence"], nothing["has_more"]) == ([], first["sequence"], False)


def test_feed_says_when_cells_may_have_been_replaced(lin: User, case: Case, cells: list[Cell]) -> None:
    def listing(since: int = 0) -> str:
        return str(Client(lin).get(f"reviews/cases/{case.pk}/changes", since=since)[1]["listing"])

    first = listing()
    assert Client(lin).get(f"reviews/cases/{case.pk}/progress")[1]["listing"] == first
    step(lin, "relabel", cells[:1], reader_class="myelocyte")
    assert listing() == first

    cells[0].field.save()  # as when it is examined again
    examined = listing()
    make_field(case).delete()
    assert listing() == examined != first


def test_many_changes_come_in_parts_that_never_split_a_step(
    lin: User, case: Case, cells: list[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hemascope.web.reviews.selectors._CHANGES_AT_ONCE", 2)
    step(lin, "relabel", cells, reader_class="monocyte")
    step(lin, "delete", load(cells)[:1])

    _, first = Client(lin).get(f"reviews/cases/{case.pk}/changes", since=0)
    _, second = Client(lin).get(f"reviews/cases/{case.pk}/changes", since=first["sequence"])

    assert (len(first["cells"]), first["has_more"]) == (2, True)
    assert ([cell["id"] for cell in second["cells"]], second["has_more"]) == ([cells[0].pk], False)


@pytest.mark.parametrize("query", [{}, {"since": -1}, {"since": "yesterday"}])
def test_changes_need_a_number_to_begin_with(lin: User, case: Case, query: dict[str, Any]) -> None:
    assert Client(lin).get(f"reviews/cases/{case.pk}/changes", **query)[0] == 400


def test_progress_counts_cells_by_their_shown_class(lin: User, case: Case, cells: list[Cell]) -> None:
    step(lin, "relabel", cells[:1], reader_class="monocyte")
    step(lin, "delete", cells[1:2])
    make_cell(cells[0].field, is_unidentified=True)

    _, progress = Client(lin).get(f"reviews/cases/{case.pk}/progress")

    assert (progress["cells"], progress["confirmed"], progress["unidentified"]) == (3, 1, 1)
    assert progress["classes"] == [
        {"shown_class": "lymphocyte", "cells": 1, "confirmed": 0},
        {"shown_class": "monocyte", "cells": 1, "confirmed": 1},
        {"shown_class": "unidentified", "cells": 1, "confirmed": 0},
    ]
