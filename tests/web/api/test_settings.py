"""Production starts safely or not at all."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hemascope.errors import DependencyMissingError, SettingsError
from hemascope.web.settings import environment

GOOD_SECRET = "".join(chr(97 + i % 26) for i in range(60))
KEY, OTHER_KEY = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"k", b"l"))


def load_production(folder: Path, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Prints how cookies are sent, from a fresh process."""
    variables = {
        "HEMASCOPE_DATA": str(folder),
        "HEMASCOPE_SECRET_KEY": GOOD_SECRET,
        "HEMASCOPE_ALLOWED_HOSTS": "lab.example.org",
        "HEMASCOPE_IDENTITY_KEYS": KEY,
        "HEMASCOPE_IDENTITY_INDEX_KEY": OTHER_KEY,
    } | changes
    code = (
        "from hemascope.web.settings import production as p;"
        "print(p.SESSION_COOKIE_SECURE, p.CSRF_COOKIE_SECURE, p.SECURE_HSTS_SECONDS > 0, p.DEBUG)"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    env |= {name: value for name, value in variables.items() if value is not None}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


def test_production_sends_cookies_over_https_only(tmp_path: Path) -> None:
    done = load_production(tmp_path)

    assert done.stdout.strip() == "True True True False", done.stderr


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"HEMASCOPE_SECRET_KEY": None}, "HEMASCOPE_SECRET_KEY"),
        ({"HEMASCOPE_SECRET_KEY": "short"}, "HEMASCOPE_SECRET_KEY"),
        ({"HEMASCOPE_SECRET_KEY": "a" * 60}, "HEMASCOPE_SECRET_KEY"),
        ({"HEMASCOPE_SECRET_KEY": "django-insecure-" + GOOD_SECRET}, "HEMASCOPE_SECRET_KEY"),
        ({"HEMASCOPE_ALLOWED_HOSTS": None}, "HEMASCOPE_ALLOWED_HOSTS"),
        ({"HEMASCOPE_ALLOWED_HOSTS": "*"}, "HEMASCOPE_ALLOWED_HOSTS"),
        ({"HEMASCOPE_WEB_DEBUG": "1"}, "HEMASCOPE_WEB_DEBUG"),
        ({"HEMASCOPE_HTTPS": "perhaps"}, "HEMASCOPE_HTTPS"),
        ({"HEMASCOPE_DATA": None}, "HEMASCOPE_DATA"),
        ({"HEMASCOPE_TRUSTED_PROXIES": "-1"}, "HEMASCOPE_TRUSTED_PROXIES"),
        ({"HEMASCOPE_IDENTITY_KEYS": None}, "HEMASCOPE_IDENTITY_KEYS"),
        ({"HEMASCOPE_IDENTITY_KEYS": f"{KEY},short"}, "HEMASCOPE_IDENTITY_KEYS: key 2 has 5 characters"),
        ({"HEMASCOPE_IDENTITY_INDEX_KEY": None}, "HEMASCOPE_IDENTITY_INDEX_KEY"),
        ({"HEMASCOPE_IDENTITY_INDEX_KEY": KEY}, "HEMASCOPE_IDENTITY_INDEX_KEY"),
    ],
)
def test_production_refuses_to_start_and_says_which_variable_is_wrong(
    tmp_path: Path, changes: dict[str, str | None], named: str
) -> None:
    done = load_production(tmp_path, **changes)

    assert done.returncode != 0
    assert f"SettingsError: {named}" in done.stderr
    assert not any(secret in done.stderr for secret in (GOOD_SECRET, KEY, OTHER_KEY))


def test_secret_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(GOOD_SECRET + "\n")
    monkeypatch.setenv("HEMASCOPE_SECRET_KEY_FILE", str(tmp_path / "key"))

    assert environment.secret_key() == GOOD_SECRET


def test_identity_keys_may_lie_in_a_file_one_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys").write_text(f"{KEY}\n{OTHER_KEY}\n")
    monkeypatch.setenv("HEMASCOPE_IDENTITY_KEYS_FILE", str(tmp_path / "keys"))

    assert environment.identity_keys() == [KEY, OTHER_KEY]


def test_database_url_names_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMASCOPE_DATABASE_URL", "mysql://lab:p%40ss@db.lab:3307/hemascope")

    entry = environment.database(Path("unused"))

    assert [entry[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")] == [
        "hemascope",
        "lab",
        "p@ss",
        "db.lab",
        3307,
    ]


@pytest.mark.parametrize("url", ["postgres://u:p4ss@h/n", "mysql://u:p4ss@h", "nonsense"])
def test_database_url_of_another_kind_is_refused_without_telling_the_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HEMASCOPE_DATABASE_URL", url)

    with pytest.raises(SettingsError, match="expected mysql://") as caught:
        environment.database(Path("unused"))
    assert "p4ss" not in str(caught.value)


def test_files_lie_in_the_data_folder_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEMASCOPE_FILES_URL", raising=False)

    assert environment.file_store() == {"BACKEND": "hemascope.web.storage.folder.FolderStorage"}


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3://smears", {"bucket_name": "smears", "location": "", "endpoint_url": None}),
        ("s3://smears/lab/a/", {"bucket_name": "smears", "location": "lab/a", "endpoint_url": None}),
        (
            "s3://smears?endpoint=https://minio:9000&region=eu",
            {"bucket_name": "smears", "location": "", "endpoint_url": "https://minio:9000", "region_name": "eu"},
        ),
    ],
)
def test_bucket_is_read_from_its_url(monkeypatch: pytest.MonkeyPatch, url: str, options: dict[str, str | None]) -> None:
    monkeypatch.setenv("HEMASCOPE_FILES_URL", url)

    assert environment.file_store()["OPTIONS"] == options


@pytest.mark.parametrize(
    "url",
    [
        "smears", "s3:smears", "s3://", "https://smears", "s3://key:hidden@smears", "s3://smears:9000",
        "s3://smears?endpoint=minio", "s3://smears?endpoint=https://key:hidden@minio", "s3://smears?secret=hidden",
        "s3://smears#hidden", "s3://Smears", "s3://smears?endpoint=",
    ],
)  # fmt: skip
def test_url_of_no_bucket_is_refused_without_repeating_it(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HEMASCOPE_FILES_URL", url)

    with pytest.raises(SettingsError, match="expected s3://bucket/prefix") as raised:
        environment.file_store()
    assert "hidden" not in str(raised.value)


def test_bucket_without_its_libraries_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMASCOPE_FILES_URL", "s3://smears")
    monkeypatch.setattr(environment, "find_spec", lambda _name: None)

    with pytest.raises(DependencyMissingError, match=r"hemascope\[s3\]"):
        environment.file_store()
