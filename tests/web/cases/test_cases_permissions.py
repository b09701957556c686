from collections.abc import Iterator, Mapping

from hemascope.web.accounts.models import User
from hemascope.web.cases.models import Case
from web.cases.builders import make_case
from web.patients.builders import make_patient
from web.permission_checks import CLINICAL_ROLES, EVERY_ROLE, Endpoint, permission_checks

IN_A_DEPARTMENT = EVERY_ROLE - {"administrator"}


def case_of(owner: User) -> Case:
    return make_case(owner)


_FACTS = {"specimen": "bone-marrow", "collected_on": "2026-03-04"}


class NewCase(Mapping[str, object]):
    """A body whose patient is made when it is asked for, and belongs to no department."""

    def __getitem__(self, key: str) -> object:
        return make_patient(department=None).pk if key == "patient" else _FACTS[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("patient", *_FACTS))

    def __len__(self) -> int:
        return 1 + len(_FACTS)


TestCases = permission_checks(
    Endpoint("get", "cases", EVERY_ROLE),
    Endpoint("post", "cases", CLINICAL_ROLES, body=NewCase()),
    Endpoint("get", "cases/summary", EVERY_ROLE),
    Endpoint("get", "cases/{pk}", EVERY_ROLE, row=case_of, hidden_from=IN_A_DEPARTMENT),
    Endpoint("get", "cases/{pk}/readers", CLINICAL_ROLES, row=case_of, hidden_from=CLINICAL_ROLES),
    Endpoint(
        "patch",
        "cases/{pk}",
        CLINICAL_ROLES,
        body={"version": 1, "stain": "wright"},
        row=case_of,
        hidden_from=CLINICAL_ROLES,
    ),
    Endpoint(
        "post",
        "cases/{pk}/assign",
        CLINICAL_ROLES,
        body={"version": 1, "reader": None},
        row=case_of,
        hidden_from=CLINICAL_ROLES,
    ),
    Endpoint("delete", "cases/{pk}", CLINICAL_ROLES, row=case_of, hidden_from=CLINICAL_ROLES),
)
