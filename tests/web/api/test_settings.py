"""Production starts safely or not at all."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hemascope.errors import SettingsError
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
