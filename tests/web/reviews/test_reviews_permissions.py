from dataclasses import dataclass

from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.cases.models import Case
from hemascope.web.reviews.actions import CellVersion, cells_relabel, review_undo
from web.analyses.builders import make_cell, make_field
from web.cases.builders import make_case
from web.client import Client
from web.permission_checks import CLINICAL_ROLES, EVERY_ROLE, Endpoint, permission_checks

HIDDEN = EVERY_ROLE - {"administrator"}
BOX = {"x1": 10, "y1": 10, "x2": 60, "y2": 60}


def a_field(owner: User) -> Field:
    return make_field(make_case(owner))


def a_cell(owner: User) -> Cell:
    return make_cell(a_field(owner))


def a_deleted_cell(owner: User) -> Cell:
    return make_cell(a_field(owner), is_deleted=True)


def relabelled_case(owner: User) -> Case:
    cell = a_cell(owner)
    cells_relabel(by=owner, cells=[CellVersion(cell.pk, cell.version)], reader_class="monocyte")
    return cell.case


def undone_case(owner: User) -> Case:
    case = relabelled_case(owner)
    review_undo(by=owner, case=case)
    return case


@dataclass(frozen=True)
class CellsEndpoint(Endpoint):
    """Names the row in the body, as one of many."""

    def ask(self, person: User | None, owner: User) -> int:
        assert self.row is not None
        cell = self.row(owner)
        body = {"cells": [{"id": cell.pk, "version": cell.version}]} | dict(self.body)
        return Client(person).post(self.address, body)[0]


def cells_endpoint(verb: str, **options: object) -> CellsEndpoint:
    values = {"row": a_cell, "hidden_from": CLINICAL_ROLES} | options
    return CellsEndpoint("post", f"reviews/cells/{verb}", CLINICAL_ROLES, **values)  # type: ignore[arg-type]


TestReading = permission_checks(
    Endpoint("get", "reviews/cells", EVERY_ROLE),
    Endpoint("get", "reviews/cells/export", EVERY_ROLE),
    Endpoint("get", "reviews/cells/{pk}", EVERY_ROLE, row=a_cell, hidden_from=HIDDEN),
    Endpoint("get", "reviews/cells/{pk}/history", EVERY_ROLE, row=a_cell, hidden_from=HIDDEN),
    Endpoint("get", "reviews/cases/{pk}/steps", EVERY_ROLE, row=make_case, hidden_from=HIDDEN),
    Endpoint("get", "reviews/cases/{pk}/progress", EVERY_ROLE, row=make_case, hidden_from=HIDDEN),
    Endpoint("get", "reviews/cases/{pk}/changes", EVERY_ROLE, body={"since": 0}, row=make_case, hidden_from=HIDDEN),
    Endpoint(
        "get",
        "reviews/cases/{pk}/references",
        EVERY_ROLE,
        body={"first": "monocyte", "second": "lymphocyte"},
        row=make_case,
        hidden_from=HIDDEN,
    ),
)

TestChangingCells = permission_checks(
    cells_endpoint("relabel", body={"reader_class": "monocyte"}),
    cells_endpoint("confirm"),
    cells_endpoint("unconfirm"),
    cells_endpoint("delete"),
    cells_endpoint("restore", row=a_deleted_cell),
)

TestChangingCases = permission_checks(
    Endpoint("post", "reviews/fields/{pk}/cells", CLINICAL_ROLES, body=BOX, row=a_field, hidden_from=CLINICAL_ROLES),
    Endpoint(
        "post",
        "reviews/cells/{pk}/move",
        CLINICAL_ROLES,
        body=BOX | {"version": 1},
        row=a_cell,
        hidden_from=CLINICAL_ROLES,
    ),
    Endpoint("post", "reviews/cases/{pk}/undo", CLINICAL_ROLES, row=relabelled_case, hidden_from=CLINICAL_ROLES),
    Endpoint("post", "reviews/cases/{pk}/redo", CLINICAL_ROLES, row=undone_case, hidden_from=CLINICAL_ROLES),
)
