import pytest
from django.conf import settings

from hemascope.web.audit.models import AuditEvent
from web.accounts.builders import solved_captcha
from web.builders import PASSWORD, make_user
from web.client import Client

pytestmark = pytest.mark.django_db


def sign_in(client: Client, username: str, password: str = PASSWORD, **captcha: str) -> tuple[int, dict[str, object]]:
    return client.post("session", {"username": username, "password": password} | captcha)


def fail(client: Client, username: str, times: int) -> None:
    for _ in range(times):
        sign_in(client, username, "wrong", **solved_captcha())


def test_session_of_nobody_has_no_user() -> None:
    assert Client().get("session") == (200, {"user": None, "rights": ["anybody"]})


def test_sign_in_starts_a_session_with_the_rights_of_the_role() -> None:
    make_user("lin", role="doctor")
    client = Client()

    status, session = sign_in(client, "lin")

    assert status == 201
    assert "reports.sign" in session["rights"]
    assert client.get("session")[1]["user"]["username"] == "lin"


def test_sign_in_ignores_case_and_width_of_the_name() -> None:
    make_user("lin")

    assert sign_in(Client(), " ＬIN ")[0] == 201


@pytest.mark.parametrize("username", ["lin", "nobody"])
def test_sign_in_tells_wrong_name_and_wrong_password_alike(username: str) -> None:
    make_user("lin")

    status, body = sign_in(Client(), username, "wrong")

    assert (status, body["code"], body["message"]) == (403, "credentials", "User name or password is wrong.")


def test_sign_in_waits_for_approval() -> None:
    make_user("lin", is_approved=False)

    assert sign_in(Client(), "lin")[1]["code"] == "approval_pending"


def test_deactivated_user_cannot_sign_in_and_loses_the_session() -> None:
    user = make_user("lin")
    client = Client()
    sign_in(client, "lin")
    user.is_active = False
    user.save()

    assert client.get("me")[0] == 401
    assert sign_in(Client(), "lin")[1]["code"] == "credentials"


def test_sign_out_ends_the_session_and_is_audited() -> None:
    make_user("lin")
    client = Client()
    sign_in(client, "lin")

    assert client.delete("session")[0] == 204
    assert client.get("me")[0] == 401
    assert list(AuditEvent.objects.order_by("sequence").values_list("verb", flat=True)) == [
        "session.start",
        "session.end",
    ]


def test_captcha_is_asked_for_after_failures() -> None:
    make_user("lin")
    client = Client()
    fail(client, "lin", settings.CAPTCHA_AFTER_FAILURES)

    assert sign_in(client, "lin")[1]["code"] == "captcha"
    assert sign_in(client, "lin", **solved_captcha())[0] == 201


def test_captcha_is_good_for_one_try_even_if_it_was_wrong() -> None:
    make_user("lin")
    client = Client()
    fail(client, "lin", settings.CAPTCHA_AFTER_FAILURES)
    captcha = solved_captcha()

    assert sign_in(client, "lin", captcha_key=captcha["captcha_key"], captcha_text="wrong")[1]["code"] == "captcha"
    assert sign_in(client, "lin", **captcha)[1]["code"] == "captcha"


def test_name_is_locked_after_too_many_failures_even_for_the_right_password() -> None:
    make_user("lin")
    client = Client()
    fail(client, "lin", settings.AXES_FAILURE_LIMIT)

    status, body = sign_in(client, "lin", **solved_captcha())

    assert (status, body["code"]) == (429, "locked_out")
    assert 0 < body["detail"]["seconds"] <= settings.AXES_COOLOFF_TIME.total_seconds()  # type: ignore[index]


@pytest.mark.parametrize("way", ["unlock", "reset-password"])
def test_administrator_sees_the_lock_and_takes_it_away(way: str) -> None:
    user, other = make_user("lin"), make_user("other")
    admin = Client(make_user(role="administrator"))
    fail(Client(), "lin", settings.AXES_FAILURE_LIMIT)
    locks = {one["username"]: one["locked_until"] for one in admin.get("users")[1]["results"]}
    assert locks["lin"]
    assert locks["other"] is None

    status, answer = admin.post(f"users/{user.pk}/{way}")

    assert status == 200
    assert admin.get(f"users/{user.pk}")[1]["locked_until"] is None
    assert sign_in(Client(), "lin", str(answer.get("password", PASSWORD)))[0] == 201
    assert Client(other).post(f"users/{user.pk}/unlock")[0] == 403


def test_lock_holds_for_one_address_only() -> None:
    make_user("lin")
    fail(Client(), "lin", settings.AXES_FAILURE_LIMIT)
    elsewhere = Client()
    elsewhere.api.defaults["REMOTE_ADDR"] = "192.0.2.7"

    assert sign_in(elsewhere, "lin")[0] == 201


def test_sign_in_without_csrf_token_is_refused() -> None:
    make_user("lin")

    assert sign_in(Client(enforce_csrf=True), "lin")[1]["code"] == "csrf"


def test_session_hands_out_the_csrf_token_that_changes_need() -> None:
    make_user("lin")
    client = Client(enforce_csrf=True)
    client.get("session")
    client.api.credentials(HTTP_X_CSRFTOKEN=client.api.cookies["csrftoken"].value)

    assert sign_in(client, "lin")[0] == 201
    assert client.patch("me", {"nickname": "Nick"})[1]["code"] == "csrf"  # the token changes with the session
    client.api.credentials(HTTP_X_CSRFTOKEN=client.api.cookies["csrftoken"].value)
    assert client.patch("me", {"nickname": "Nick"})[0] == 200


def test_captcha_picture_can_be_fetched() -> None:
    client = Client()
    _, captcha = client.post("captchas")

    assert client.api.get(captcha["image"])["Content-Type"] == "image/png"
