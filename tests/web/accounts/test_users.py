import io
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from hemascope.web.accounts.first_password import first_password_keep
from hemascope.web.accounts.models import User
from web.accounts.builders import make_token
from web.builders import PASSWORD, make_department, make_user
from web.client import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> User:
    return make_user("admin", role="administrator")


def test_users_are_found_by_a_part_of_their_name(administrator: User) -> None:
    make_user("lin", nickname="Dr. Lin")
    make_user("wang")

    _, page = Client(administrator).get("users", search="DR. L")

    assert [user["username"] for user in page["results"]] == ["lin"]


def test_users_come_in_pages(administrator: User) -> None:
    for _ in range(3):
        make_user()

    _, page = Client(administrator).get("users", page_size=2, page=2)

    assert (page["count"], len(page["results"]), page["next"]) == (4, 2, None)


def test_users_are_ordered_only_by_the_fields_that_are_offered(administrator: User) -> None:
    make_user("zhou")

    assert [user["username"] for user in Client(administrator).get("users", ordering="-username")[1]["results"]] == [
        "zhou",
        "admin",
    ]
    assert Client(administrator).get("users", ordering="password")[1]["results"][0]["username"] == "admin"


def test_answers_never_hold_a_password(administrator: User) -> None:
    assert "password" not in Client(administrator).get(f"users/{administrator.pk}")[1]


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": False}])
def test_last_administrator_stays(administrator: User, change: dict[str, object]) -> None:
    assert Client(administrator).patch(f"users/{administrator.pk}", change)[0] == 409
    administrator.refresh_from_db()
    assert (administrator.role, administrator.is_active) == ("administrator", True)


def test_profile_cannot_raise_its_own_role() -> None:
    user = make_user()

    Client(user).patch("me", {"role": "administrator", "is_approved": False, "nickname": "Nick"})

    user.refresh_from_db()
    assert (user.role, user.is_approved, user.nickname) == ("viewer", True, "Nick")


def test_profile_cannot_move_to_a_department_whose_patients_it_would_see() -> None:
    user = make_user(department=make_department())

    Client(user).patch("me", {"department": make_department().pk})

    assert User.objects.get(pk=user.pk).department == user.department


def test_password_change_ends_the_other_sessions_and_keeps_this_one() -> None:
    user = make_user()
    here, elsewhere = Client(user), Client(user)

    assert here.put("me/password", {"old_password": PASSWORD, "new_password": "another horse battery"})[0] == 204
    assert (here.get("me")[0], elsewhere.get("me")[0]) == (200, 401)


def test_password_change_needs_the_present_one() -> None:
    _, body = Client(make_user()).put("me/password", {"old_password": "no", "new_password": "another horse battery"})

    assert "old_password" in body["detail"]


def test_reset_password_withdraws_tokens_and_lets_the_user_in(administrator: User) -> None:
    user = make_user("lin")
    make_token(user)

    _, body = Client(administrator).post(f"users/{user.pk}/reset-password")

    user.refresh_from_db()
    assert user.check_password(body["password"])
    assert not user.tokens.exists()


def first_password(settings: object, folder: Path, username: str) -> Path:
    settings.DATA_FOLDER = folder  # type: ignore[attr-defined]
    return first_password_keep(username, PASSWORD)


def test_first_password_is_kept_for_its_owners_eyes_in_place_of_an_older_one(settings: object, tmp_path: Path) -> None:
    (tmp_path / "first-administrator.txt").write_text("admin  old")
    file = first_password(settings, tmp_path, "admin")

    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (f"admin  {PASSWORD}\n", 0o600)


def test_file_of_the_first_password_goes_when_its_owner_changes_it(
    settings: object, tmp_path: Path, administrator: User, django_capture_on_commit_callbacks: Any
) -> None:
    file = first_password(settings, tmp_path, "admin")
    change = {"old_password": PASSWORD, "new_password": "another horse battery"}

    Client(make_user()).put("me/password", change)
    Client(administrator).put("me/password", change | {"old_password": "wrong"})
    assert file.exists()
    with django_capture_on_commit_callbacks(execute=True):
        Client(administrator).put("me/password", change)
    assert not file.exists()


def test_file_of_the_first_password_goes_when_another_administrator_resets_it(
    settings: object, tmp_path: Path, administrator: User, django_capture_on_commit_callbacks: Any
) -> None:
    file = first_password(settings, tmp_path, "admin")

    with django_capture_on_commit_callbacks(execute=True):
        Client(make_user(role="administrator")).post(f"users/{administrator.pk}/reset-password")

    assert not file.exists()


def test_department_in_use_is_not_deleted(administrator: User) -> None:
    department = make_department()
    make_user(department=department)

    status, body = Client(administrator).delete(f"departments/{department.pk}")

    assert (status, body["code"]) == (409, "in_use")


def picture(image_format: str) -> bytes:
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    Image.new("RGB", (300, 200), "red").save(content, image_format, exif=exif)
    return content.getvalue()


def put_avatar(client: Client, content: bytes) -> tuple[int, dict[str, object]]:
    return client.put("me/avatar", {"file": SimpleUploadedFile("../evil.html", content)}, format="multipart")


def test_avatar_is_made_small_and_loses_the_notes_of_the_camera() -> None:
    user = make_user()
    client = Client(user)

    assert put_avatar(client, picture("PNG"))[1]["has_avatar"] is True

    _, answer = client.get(f"users/{user.pk}/avatar")
    stored = Image.open(io.BytesIO(b"".join(answer.streaming_content)))
    assert (stored.format, stored.size, dict(stored.getexif())) == ("JPEG", (256, 256), {})


def test_avatar_that_is_no_picture_is_refused() -> None:
    assert put_avatar(Client(make_user()), b"<script>alert(1)</script>")[0] == 415


def test_new_avatar_replaces_the_file_of_the_old_one(django_capture_on_commit_callbacks: object) -> None:
    user = make_user()
    put_avatar(Client(user), picture("PNG"))
    user.refresh_from_db()
    old = user.avatar.path
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        put_avatar(Client(user), picture("JPEG"))

    user.refresh_from_db()
    assert user.avatar.path != old
    assert not user.avatar.storage.exists(old)


def as_program(token: str) -> Client:
    client = Client(enforce_csrf=True)
    client.api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_token_is_shown_once_and_works_without_csrf() -> None:
    user = make_user()
    _, created = Client(user).post("me/tokens", {"name": "export", "days": 7})

    assert as_program(created["token"]).patch("me", {"nickname": "Robot"})[0] == 200
    _, page = Client(user).get("me/tokens")
    assert [set(row) & {"token", "digest"} for row in page["results"]] == [set()]
    assert page["results"][0]["last_used_at"] is not None


@pytest.mark.parametrize("spoil", ["delete", "expire", "deactivate", "forge"])
def test_token_of_no_use_is_refused(spoil: str) -> None:
    user = make_user()
    record, value = make_token(user, days=0 if spoil == "expire" else 30)
    if spoil == "delete":
        record.delete()
    if spoil == "deactivate":
        User.objects.filter(pk=user.pk).update(is_active=False)

    status, body = as_program(value + ("x" if spoil == "forge" else "")).get("me")

    assert (status, body["code"]) == (401, "token")
