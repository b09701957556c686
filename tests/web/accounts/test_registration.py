import pytest

from hemascope.web.accounts.models import User
from web.accounts.builders import solved_captcha
from web.builders import PASSWORD, make_department, make_user
from web.client import Client

pytestmark = pytest.mark.django_db


def register(**changes: object) -> tuple[int, dict[str, object]]:
    body = {"username": "lin", "password": PASSWORD, "email": "lin@lab.test", **solved_captcha()}
    return Client().post("registrations", body | changes)


def test_registration_waits_as_viewer_until_it_is_approved_with_a_role() -> None:
    status, user = register(department=make_department().pk, phone="123")
    assert (status, user["is_approved"], user["role"]) == (201, False, "viewer")

    _, approved = Client(make_user(role="administrator")).post(f"users/{user['id']}/approve", {"role": "doctor"})

    assert (approved["is_approved"], approved["role"]) == (True, "doctor")


def test_registration_cannot_choose_its_role_or_approve_itself() -> None:
    register(role="administrator", is_approved=True, is_active=True)

    user = User.objects.get()
    assert (user.role, user.is_approved) == ("viewer", False)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"username": "TAKEN"}, "username", "unique"),
        ({"username": "no spaces"}, "username", "invalid"),
        ({"password": "short"}, "password", "password_too_short"),
        ({"password": "1234567890"}, "password", "password_too_common"),
        ({"email": ""}, "email", "blank"),
        ({"email": "nowhere"}, "email", "invalid"),
        ({"department": 4711}, "department", "does_not_exist"),
        ({"language": "tlh"}, "language", "invalid_choice"),
    ],
)
def test_registration_says_which_field_is_wrong(changes: dict[str, object], field: str, code: str) -> None:
    make_user("taken")

    status, body = register(**changes)

    assert (status, body["code"]) == (400, "validation")
    assert code in [fault["code"] for fault in body["detail"][field]]


def test_registration_without_the_picture_is_refused() -> None:
    assert register(captcha_text="wrong")[1]["code"] == "captcha"
    assert not User.objects.exists()


def test_registration_offers_the_names_of_the_departments_and_nothing_else() -> None:
    department = make_department()

    assert Client().get("registrations/departments") == (200, [{"id": department.pk, "name": department.name}])


def test_second_approval_is_a_conflict() -> None:
    user = make_user()

    assert Client(make_user(role="administrator")).post(f"users/{user.pk}/approve", {"role": "doctor"})[0] == 409
