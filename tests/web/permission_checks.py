"""The four questions every endpoint is asked: nobody, the wrong role, the right role, somebody else's row.

A test module lists its endpoints once:

    TestDepartments = permission_checks(
        Endpoint("get", "departments", EVERY_ROLE),
        Endpoint("delete", "me/tokens/{pk}", EVERY_ROLE, row=token_of, hidden_from=EVERY_ROLE),
    )
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from hemascope.web.accounts.models import User
from hemascope.web.api.roles import Role
from web.builders import make_department, make_user
from web.client import Client

EVERY_ROLE = frozenset(Role.values)
CLINICAL_ROLES = frozenset({"doctor", "technician"})


@dataclass(frozen=True)
class Endpoint:
    """`address` may hold `{pk}`: the primary key of what `row(owner)` makes for the user `owner`.

    Roles in `hidden_from` are answered 404 for the row of a colleague in another department: as if it did not exist.
    """

    method: str
    address: str
    allowed: Collection[str]  # roles
    body: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] = field(default_factory=dict)  # also made from the row
    row: Callable[[User], Any] | None = None
    hidden_from: Collection[str] = ()
    format: str = "json"

    def __str__(self) -> str:
        return f"{self.method} {self.address}"

    def ask(self, person: User | None, owner: User) -> int:
        row = self.row(owner) if self.row else None
        address = self.address.format(pk=row.pk) if row else self.address
        body = self.body(row) if callable(self.body) else self.body
        options = {} if self.method == "get" else {"format": self.format}
        return Client(person).ask(self.method, address, dict(body), **options)[0]


def permission_checks(*endpoints: Endpoint) -> type:
    """A test class with the four checks for each endpoint."""
    wrong = [(e, role) for e in endpoints for role in Role.values if role not in e.allowed]
    right = [(e, role) for e in endpoints for role in Role.values if role in e.allowed]
    hidden = [(e, role) for e, role in right if role in e.hidden_from]

    @pytest.mark.django_db
    class TestPermissions:
        @pytest.mark.parametrize("endpoint", endpoints, ids=str)
        def test_nobody_is_sent_to_sign_in(self, endpoint: Endpoint) -> None:
            assert endpoint.ask(None, make_user()) == 401

        @pytest.mark.parametrize(("endpoint", "role"), wrong, ids=str)
        def test_wrong_role_is_refused(self, endpoint: Endpoint, role: str) -> None:
            person = make_user(role=role)

            assert endpoint.ask(person, person) == 403

        @pytest.mark.parametrize(("endpoint", "role"), right, ids=str)
        def test_right_role_is_served(self, endpoint: Endpoint, role: str) -> None:
            person = make_user(role=role, department=make_department())

            assert 200 <= endpoint.ask(person, person) < 300

        @pytest.mark.parametrize(("endpoint", "role"), hidden, ids=str)
        def test_row_of_somebody_else_stays_hidden(self, endpoint: Endpoint, role: str) -> None:
            owner = make_user(role=role, department=make_department())
            stranger = make_user(role=role, department=make_department())

            assert endpoint.ask(stranger, owner) == 404

    if not wrong:
        del TestPermissions.test_wrong_role_is_refused
    if not hidden:
        del TestPermissions.test_row_of_somebody_else_stays_hidden
    return TestPermissions
