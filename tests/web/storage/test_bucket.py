"""Uploaded files in a bucket: a real S3 server in this process, asked over HTTP."""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from moto.server import ThreadedMotoServer
from PIL import Image

from hemascope.errors import FileStoreError, OutputError
from hemascope.web.analyses.models import Cell, DetectionRun, Field, RecognitionRun
from hemascope.web.cases.models import Case
from hemascope.web.jobs.execution import execute
from hemascope.web.operations.backup import backup_make
from hemascope.web.operations.deployment_services import examine_files
from hemascope.web.operations.restore import restore
from hemascope.web.settings import environment
from hemascope.web.storage import stored_names
from web.analyses.builders import as_file, painted_bytes, picture_bytes
from web.builders import make_user
from web.cases.builders import make_case
from web.client import Client

SECRET = "the-secret-of-the-bucket"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Its address."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


def use(url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an installation that is started with HEMASCOPE_FILES_URL and the usual variables of AWS."""
    for name, value in {
        "HEMASCOPE_FILES_URL": url,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    settings.FILES_URL = url
    settings.STORAGES = settings.STORAGES | {"default": environment.file_store()}


@pytest.fixture
def bucket(server: str, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty place in a bucket, in which every file of the test lies."""
    use(f"s3://smears/{tmp_path.name}/files?endpoint={server}&region=eu-central-1", settings, monkeypatch)
    where = {"LocationConstraint": "eu-central-1"}
    buckets = default_storage.connection.meta.client
    if not buckets.list_buckets()["Buckets"]:
        buckets.create_bucket(Bucket="smears", CreateBucketConfiguration=where)
    return server


@pytest.fixture
def case() -> Case:
    return make_case(make_user(role="technician"))


def upload(case: Case, *contents: bytes) -> list[dict[str, Any]]:
    files = [as_file(content) for content in contents]
    _, outcomes = Client(case.created_by).post(f"cases/{case.pk}/fields", {"files": files}, format="multipart")
    return list(outcomes)


def test_field_goes_from_upload_to_its_crops_and_is_deleted(
    bucket: str, case: Case, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client = Client(case.created_by)
    [outcome] = upload(case, painted_bytes())
    assert outcome["status"] == "created"
    field = Field.objects.get()
    assert list(stored_names()) == [f"{field.derived_folder}/thumbnail.jpg", field.file]

    client.post(f"cases/{case.pk}/detection-runs")
    execute(DetectionRun.objects.get().job_id)
    execute(RecognitionRun.objects.get().job_id)
    cells = list(Cell.objects.all())
    assert len(cells) >= 2
    assert all(cell.model_class for cell in cells)

    for address in (f"fields/{field.pk}/thumbnail", f"fields/{field.pk}/image", f"cells/{cells[0].pk}/picture"):
        status, answer = client.get(address)
        assert (status, Image.open(io.BytesIO(answer.content)).format) == (200, "JPEG")
    _, answer = client.get(f"cases/{case.pk}/crops")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert len(archive.namelist()) == len(cells)
    assert not Path(settings.MEDIA_ROOT).exists()

    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"fields/{field.pk}")[0] == 204
    assert list(stored_names()) == []


def test_tiff_in_a_bucket_is_read(bucket: str, case: Case) -> None:
    content = io.BytesIO()
    Image.new("RGB", (640, 480), "pink").save(content, "TIFF")
    [outcome] = upload(case, content.getvalue())

    status, answer = Client(case.created_by).get(f"fields/{outcome['field']['id']}/image")
    assert (status, Image.open(io.BytesIO(answer.content)).size) == (200, (640, 480))


def test_refused_upload_and_duplicate_leave_nothing_in_the_bucket(bucket: str, case: Case) -> None:
    outcomes = upload(case, picture_bytes(), picture_bytes(), b"no picture")

    assert [outcome["status"] for outcome in outcomes] == ["created", "duplicate", "refused"]
    assert len(list(stored_names())) == 2


def test_field_whose_object_is_gone_is_marked_and_its_pictures_are_not_found(bucket: str, case: Case) -> None:
    [outcome] = upload(case, picture_bytes())
    field = Field.objects.get()
    default_storage.delete(field.file)
    client = Client(case.created_by)

    client.post(f"cases/{case.pk}/detection-runs")
    execute(DetectionRun.objects.get().job_id)

    field.refresh_from_db()
    assert (field.state, "does not exist" in field.error_message) == ("failed", True)
    assert client.get(f"fields/{field.pk}/image")[0] == 404
    assert client.get(f"fields/{outcome['field']['id']}/thumbnail")[0] == 200  # made at upload


def test_avatar_lies_in_the_bucket(bucket: str, django_capture_on_commit_callbacks: Any) -> None:
    person = make_user()
    client = Client(person)
    for seed in (1, 2):
        with django_capture_on_commit_callbacks(execute=True):
            body = {"file": as_file(picture_bytes(seed=seed), "face.png")}
            assert client.put("me/avatar", body, format="multipart")[0] == 200

    status, answer = client.get(f"users/{person.pk}/avatar")
    assert (status, Image.open(io.BytesIO(b"".join(answer.streaming_content))).size) == (200, (256, 256))
    assert len([name for name in stored_names() if name.startswith("avatars/")]) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="tests/web/operations restores on MariaDB")
def test_backup_holds_the_bucket_and_a_restore_fills_an_empty_one(
    bucket: str, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = dict(os.environ)
    settings.DATA_FOLDER = tmp_path
    monkeypatch.setenv("HEMASCOPE_IDENTITY_KEYS", settings.IDENTITY_KEYS[0])
    monkeypatch.setenv("HEMASCOPE_IDENTITY_INDEX_KEY", settings.IDENTITY_INDEX_KEY)
    upload(make_case(make_user(role="technician")), picture_bytes())
    field = Field.objects.get()
    try:
        manifest = backup_make(tmp_path / "backup.tar")
        assert {name for name in manifest.files if name.startswith("files/")} == {f"files/{field.file}"}
        with pytest.raises(OutputError, match="bucket is not empty"):
            restore(tmp_path / "backup.tar", tmp_path / "data", force=False)

        use(f"s3://smears/{tmp_path.name}/restored?endpoint={bucket}", settings, monkeypatch)
        restore(tmp_path / "backup.tar", tmp_path / "data", force=False)
    finally:
        os.environ.clear()
        os.environ.update(before)

    assert list(stored_names()) == [field.file]
    with default_storage.open(field.file) as file:
        assert file.read() == picture_bytes()
    assert not (tmp_path / "data" / "files").exists()


def test_doctor_writes_reads_and_deletes_in_the_bucket(bucket: str) -> None:
    finding = examine_files()

    assert (finding.state, list(stored_names())) == ("ok", [])
    assert "bucket" in finding.text


@pytest.mark.parametrize("fault", ["no server", "no bucket"])
def test_bucket_that_cannot_be_used_is_told_without_its_secret(
    server: str, settings: Any, monkeypatch: pytest.MonkeyPatch, case: Case, fault: str
) -> None:
    endpoint = "http://127.0.0.1:9" if fault == "no server" else server
    use(f"s3://no-such-bucket?endpoint={endpoint}&region=eu-central-1", settings, monkeypatch)

    methods = [default_storage.listdir, lambda name: default_storage.save(name, as_file(b"x"))]
    if fault == "no server":  # of a missing bucket S3 says that the file is missing
        methods += [default_storage.exists, default_storage.size, default_storage.open, default_storage.delete]
    for method in methods:
        with pytest.raises(FileStoreError, match=r"no-such-bucket.*HEMASCOPE_FILES_URL") as raised:
            method("x")
        assert SECRET not in str(raised.value)
    finding = examine_files()
    assert (finding.state, finding.subject) == ("broken", "files")
    status, body = Client(case.created_by).post(
        f"cases/{case.pk}/fields", {"files": [as_file(picture_bytes())]}, format="multipart"
    )
    assert (status, body["code"]) == (503, "file_store")
    assert not Field.objects.exists()
