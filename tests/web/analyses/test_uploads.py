"""What may be sent, what is made of it, and everything that is refused."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.audit.models import AuditEvent
from hemascope.web.cases.models import Case
from web.analyses.builders import as_file, make_cell, picture_bytes
from web.builders import make_user
from web.cases.builders import make_case
from web.client import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def technician() -> User:
    return make_user(role="technician")


@pytest.fixture
def case(technician: User) -> Case:
    return make_case(technician)


def upload(case: Case, *contents: bytes, names: tuple[str, ...] = (), **values: Any) -> tuple[int, Any]:
    names = names or ("field.png",) * len(contents)
    files = [as_file(content, name) for content, name in zip(contents, names, strict=True)]
    return Client(case.created_by).post(f"cases/{case.pk}/fields", {"files": files} | values, format="multipart")


def packed(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def stored_files(settings: Any) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def png_of_size(width: int, height: int) -> bytes:
    """A whole PNG that states a size and holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_image_becomes_a_field_whatever_it_is_called(case: Case, image_format: str) -> None:
    status, [outcome] = upload(case, picture_bytes(image_format), names=("notes.txt",), microns_per_pixel=0.08)

    field = outcome["field"]
    assert (status, outcome["status"], outcome["name"]) == (200, "created", "notes.txt")
    assert (field["width"], field["height"], field["microns_per_pixel"], field["state"]) == (64, 48, 0.08, "uploaded")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"this is a text", "image_type_unsupported"),
        (b"GIF89a<script>alert(1)</script>", "image_type_unsupported"),
        (b"", "image_empty"),
        (picture_bytes()[:-200], "image_truncated"),
        (picture_bytes("JPEG")[:600], "image_truncated"),
        (picture_bytes(size=(4, 4)), "image_too_small"),
        (png_of_size(60_000, 60_000), "image_too_large"),
        (b"PK\3\4 and then no archive", "archive"),
    ],
    ids=["text", "script", "empty", "cut PNG", "cut JPEG", "tiny", "bomb", "broken ZIP"],
)
def test_what_is_no_usable_image_is_refused_and_leaves_nothing(
    case: Case, settings: Any, content: bytes, code: str
) -> None:
    status, [outcome] = upload(case, content)

    assert (status, outcome["status"], outcome["error_code"], outcome["field"]) == (200, "refused", code, None)
    assert outcome["error_message"]
    assert (Field.objects.count(), stored_files(settings)) == (0, [])


def test_one_bad_file_does_not_stop_the_others(case: Case) -> None:
    _, outcomes = upload(case, picture_bytes(seed=1), b"text", picture_bytes(seed=2))

    assert [outcome["status"] for outcome in outcomes] == ["created", "refused", "created"]


def test_same_bytes_are_kept_once_a_case(case: Case, settings: Any) -> None:
    _, outcomes = upload(case, picture_bytes(), picture_bytes(), names=("a.png", "b.png"))
    files = len(stored_files(settings))
    _, [again] = upload(case, picture_bytes())

    assert [outcome["status"] for outcome in (*outcomes, again)] == ["created", "duplicate", "duplicate"]
    assert {outcome["field"]["id"] for outcome in (*outcomes, again)} == {Field.objects.get().pk}
    assert len(stored_files(settings)) == files


def test_same_bytes_may_lie_in_two_cases(case: Case, technician: User) -> None:
    upload(case, picture_bytes())
    _, [outcome] = upload(make_case(technician), picture_bytes())

    assert outcome["status"] == "created"


def test_files_in_an_archive_become_fields_one_by_one(case: Case) -> None:
    content = packed(
        **{
            "smear/1.png": picture_bytes(seed=1),
            "smear/2.png": picture_bytes(seed=2),
            "smear/notes.txt": b"text",
            "smear/.hidden": b"x",
            "__MACOSX/1.png": b"x",
        }
    )
    _, outcomes = upload(case, content, names=("smear.zip",))

    assert [(outcome["name"], outcome["status"]) for outcome in outcomes] == [
        ("1.png", "created"),
        ("2.png", "created"),
        ("notes.txt", "refused"),
    ]


@pytest.mark.parametrize(
    "name", ["../../../evil.png", "/etc/evil.png", "..\\..\\evil.png", "C:\\evil.png", "a\u0000b/evil.png"]
)
def test_name_in_an_archive_leads_nowhere(case: Case, settings: Any, name: str) -> None:
    _, [outcome] = upload(case, packed(**{name: picture_bytes()}), names=("smear.zip",))

    assert outcome["status"] == "created"
    assert "/" not in outcome["name"]
    assert "\\" not in outcome["name"]
    assert {path.relative_to(settings.MEDIA_ROOT).parts[0] for path in stored_files(settings)} == {"fields", "derived"}
    assert not any("evil" in str(path) for path in stored_files(settings))


def test_archive_that_unpacks_to_too_much_is_refused_unread(case: Case, settings: Any) -> None:
    settings.UPLOAD_MAX_REQUEST_BYTES = 100_000
    _, [outcome] = upload(case, packed(**{"zeros.png": bytes(200_000)}), names=("bomb.zip",))

    assert (outcome["name"], outcome["error_code"]) == ("bomb.zip", "archive")


def test_member_that_is_larger_than_a_file_may_be_is_refused_alone(case: Case, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 20_000
    _, outcomes = upload(case, packed(**{"zeros.png": bytes(30_000), "good.png": picture_bytes()}))

    assert [outcome["error_code"] for outcome in outcomes] == ["image_too_large", ""]


def test_member_that_states_a_smaller_size_than_it_has_is_refused(case: Case) -> None:
    content = bytearray(packed(**{"lie.png": bytes(100_000)}))
    directory = content.rfind(b"PK\1\2")
    struct.pack_into("<I", content, directory + 24, 10)
    _, [outcome] = upload(case, bytes(content))

    assert outcome["status"] == "refused"


def test_locked_archive_is_refused_with_the_reason(case: Case) -> None:
    content = bytearray(packed(**{"1.png": picture_bytes()}))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        struct.pack_into("<H", content, content.find(signature) + offset, 1)
    _, [outcome] = upload(case, bytes(content))

    assert outcome["error_code"] == "archive"
    assert "password" in outcome["error_message"]


def test_file_above_the_limit_of_bytes_is_refused(case: Case, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 1000

    assert upload(case, picture_bytes())[1][0]["error_code"] == "image_too_large"


def test_request_above_the_limit_is_refused_before_it_is_read(case: Case, settings: Any) -> None:
    settings.UPLOAD_MAX_REQUEST_BYTES = 1000
    status, body = upload(case, picture_bytes())

    assert (status, body["code"]) == (413, "image_too_large")


def test_more_files_than_a_request_may_have_are_refused_together(case: Case, settings: Any) -> None:
    settings.UPLOAD_MAX_FILES = 2
    content = packed(**{f"{seed}.png": picture_bytes(seed=seed) for seed in range(3)})
    status, body = upload(case, content)

    assert (status, body["code"], Field.objects.count()) == (400, "too_many_files", 0)


def test_case_takes_no_more_fields_than_its_limit(case: Case, settings: Any) -> None:
    settings.CASE_MAX_FIELDS = 1
    _, outcomes = upload(case, picture_bytes(seed=1), picture_bytes(seed=2))

    assert [outcome["error_code"] for outcome in outcomes] == ["", "too_many_files"]


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "files"), ({"files": "no file"}, "files.0"), ({"kind": "video"}, "kind"), ({"microns_per_pixel": -1}, "mic")],
)
def test_upload_without_a_needed_value_is_told_which(case: Case, body: dict[str, Any], field: str) -> None:
    body = body if not body or "files" in body else {"files": [as_file(picture_bytes())]} | body
    status, answer = Client(case.created_by).post(f"cases/{case.pk}/fields", body, format="multipart")

    assert status == 400
    assert any(path.startswith(field) for path in answer["detail"])


def test_signed_case_takes_no_field(technician: User) -> None:
    status, _ = upload(make_case(technician, state="signed"), picture_bytes())

    assert status == 409


def test_pictures_carry_no_notes_of_the_camera(case: Case) -> None:
    exif = Image.Exif()
    exif[0x010E] = "王小明"
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(content, "JPEG", exif=exif)
    _, [outcome] = upload(case, content.getvalue())
    client = Client(case.created_by)

    for kind in ("image", "thumbnail"):
        status, answer = client.get(f"fields/{outcome['field']['id']}/{kind}")
        picture = Image.open(io.BytesIO(answer.content))
        assert (status, picture.format, picture.size, dict(picture.getexif())) == (200, "JPEG", (64, 48), {})


def test_ready_made_crop_is_one_cell_that_waits_for_a_name(case: Case) -> None:
    upload(case, picture_bytes(), kind="crop")

    cell = Cell.objects.get()
    assert (cell.origin, cell.box_xyxy, cell.shown_class) == ("crop", (0, 0, 64, 48), "unidentified")
    assert Client(case.created_by).get(f"cells/{cell.pk}/picture")[0] == 200


def test_picture_of_a_cell_is_made_again_where_it_was_lost(case: Case, settings: Any) -> None:
    _, [outcome] = upload(case, picture_bytes())
    cell = make_cell(Field.objects.get(pk=outcome["field"]["id"]), x1=10, y1=10, x2=30, y2=30)
    client = Client(case.created_by)
    first = client.get(f"cells/{cell.pk}/picture")[1].content
    for path in stored_files(settings):
        if "derived" in path.parts:
            path.unlink()

    again = client.get(f"cells/{cell.pk}/picture")[1].content
    assert again == first
    assert Image.open(io.BytesIO(first)).size == (32, 32)


def test_deleted_field_takes_its_files_and_untouched_cells_along(
    case: Case, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    _, [outcome] = upload(case, picture_bytes())
    make_cell(Field.objects.get())

    with django_capture_on_commit_callbacks(execute=True):
        assert Client(case.created_by).delete(f"fields/{outcome['field']['id']}")[0] == 204
    assert (Field.objects.count(), Cell.objects.count(), stored_files(settings)) == (0, 0, [])
    assert AuditEvent.objects.filter(verb="field.delete").exists()


def test_field_on_which_a_reader_worked_is_not_deleted(case: Case) -> None:
    _, [outcome] = upload(case, picture_bytes())
    make_cell(Field.objects.get(), version=2, reader_class="monocyte")

    assert Client(case.created_by).delete(f"fields/{outcome['field']['id']}")[0] == 409


def test_crops_come_as_an_archive_with_a_folder_a_class(case: Case) -> None:
    _, [outcome] = upload(case, picture_bytes())
    field = Field.objects.get(pk=outcome["field"]["id"])
    cell = make_cell(field, x1=10, y1=10, x2=30, y2=30)
    make_cell(field, is_deleted=True)
    gone = make_cell(Field.objects.create(**_copy_of(field)))

    _, answer = Client(case.created_by).get(f"cases/{case.pk}/crops")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert archive.namelist() == [f"lymphocyte/{field.pk}_{cell.pk}.png", "unreadable.txt"]
    assert Image.open(archive.open(archive.namelist()[0])).size == (46, 46)
    assert gone.field.original_name in archive.read("unreadable.txt").decode()


def _copy_of(field: Field) -> dict[str, Any]:
    """Another field of the same case, without a file."""
    names = ("case", "bytes", "width", "height", "focus", "brightness", "contrast", "uploaded_by")
    values = {name: getattr(field, name) for name in names}
    return values | {"sha256": "0" * 64, "file": "fields/00/none", "original_name": "lost.png"}
