"""The whole workstation with one command, from an empty folder to a signed-in administrator and a clean end."""

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from hemascope.cli.serve import _introduce
from hemascope.errors import SettingsError
from hemascope.web.installation import SECRET_FILES, FirstAdministrator, prepare_folder
from web.patience import PATIENCE_S, wait_until

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """An installation of its own, whatever database the other tests run on."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HEMASCOPE_")}
    return own | {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}


def hemascope(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hemascope", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


class Served:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.log = data.parent / "log"
        command = [sys.executable, "-m", "hemascope", "serve", "--data", str(data), "--port", str(self.port)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--web-processes", "1"],
                env=environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def ask(self, method: str, address: str, body: object = None, **headers: str) -> tuple[int, str, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request(method, address, json.dumps(body), {"Content-Type": "application/json"} | headers)
        answer = connection.getresponse()
        cookies = dict(re.findall(r"(csrftoken|sessionid)=([^;]+)", str(answer.msg)))
        text = answer.read().decode()
        connection.close()
        return answer.status, text, cookies

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests that leave it running: a start takes seconds. It has to end in order."""
    server = Served(tmp_path_factory.mktemp("served") / "data")
    yield server
    assert server.end() == 0
    with pytest.raises(OSError, match=r"."):
        server.ask("GET", "/healthz")


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "data")
    yield server
    if server.process.poll() is None:
        server.end()


def test_serve_makes_an_installation_that_the_first_administrator_can_use(served: Served) -> None:
    wait_until(served.is_ready)
    username, password = (served.data / "first-administrator.txt").read_text().split()
    _, _, cookies = served.ask("GET", "/api/v1/session")

    status, session, _ = served.ask(
        "POST",
        "/api/v1/session",
        {"username": username, "password": password},
        Cookie=f"csrftoken={cookies['csrftoken']}",
        **{"X-CSRFToken": cookies["csrftoken"]},
    )

    assert (status, json.loads(session)["user"]["role"]) == (201, "administrator")
    assert 'hemascope_jobs{status="queued"} 0.0' in served.ask("GET", "/metrics")[1]
    for key in ("secret.key", "identity.keys", "identity-index.key", "first-administrator.txt"):
        assert stat.S_IMODE((served.data / key).stat().st_mode) == 0o600
    assert password not in served.log.read_text()
    assert f"password: in {served.data / 'first-administrator.txt'}" in served.log.read_text()


def test_first_password_is_shown_on_a_terminal_and_kept_nowhere(
    tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DATA_FOLDER = tmp_path  # type: ignore[attr-defined]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    _introduce(FirstAdministrator("admin", "a-password"))

    assert "admin  password: a-password" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_serve_shows_the_pages_or_says_how_to_build_them(served: Served) -> None:
    wait_until(served.is_ready)
    is_built = (ROOT / "src" / "hemascope" / "web" / "app" / "index.html").is_file()

    assert served.ask("GET", "/")[0] == (200 if is_built else 503)
    assert ("make app" in served.log.read_text()) is not is_built


def test_serve_refuses_an_address_that_others_reach_without_https(tmp_path: Path) -> None:
    done = hemascope("serve", "--data", str(tmp_path / "data"), "--host", "0.0.0.0")

    assert done.returncode == 2
    assert "--https" in done.stderr


def test_maintain_runs_a_command_on_an_installation(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "data")
    done = hemascope("maintain", "--data", str(tmp_path / "data"), "diffsettings")

    assert f"DATA_FOLDER = PosixPath('{tmp_path / 'data'}')" in done.stdout, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_processes_of_a_killed_serve_end_and_give_the_port_back(doomed: Served) -> None:
    wait_until(doomed.is_ready)

    doomed.process.send_signal(signal.SIGKILL)
    doomed.process.wait(PATIENCE_S)

    def is_port_free() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", doomed.port)) != 0

    wait_until(is_port_free)
    wait_until(lambda: not processes_naming(doomed.data))


def processes_naming(data: Path) -> list[str]:
    """Command lines of living processes that serve `data`: it is in the environment of all of them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("HEMASCOPE_DATA") == str(data):
                found.append(" ".join(process.cmdline()))
    return found


def test_serve_makes_each_secret_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    prepare_folder(tmp_path, {})
    made = {name: (tmp_path / name).read_text() for name in SECRET_FILES}

    prepare_folder(tmp_path, {})

    assert {name: (tmp_path / name).read_text() for name in SECRET_FILES} == made
    assert len(set(made.values())) == len(SECRET_FILES)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in SECRET_FILES} == {0o600}


def test_secret_that_the_environment_names_is_not_made(tmp_path: Path) -> None:
    prepare_folder(tmp_path, {"HEMASCOPE_IDENTITY_KEYS": "x", "HEMASCOPE_SECRET_KEY_FILE": "/run/secrets/key"})

    assert [name for name in SECRET_FILES if (tmp_path / name).exists()] == ["identity-index.key"]


def test_lost_identity_key_is_not_replaced_by_another(tmp_path: Path) -> None:
    prepare_folder(tmp_path, {})
    (tmp_path / "hemascope.sqlite3").touch()
    (tmp_path / "identity.keys").unlink()

    with pytest.raises(SettingsError, match=r"no 'identity\.keys'.*put that file back"):
        prepare_folder(tmp_path, {})


def test_workstation_that_runs_passes_the_doctor_and_can_be_backed_up_and_restored(
    served: Served, tmp_path: Path
) -> None:
    wait_until(served.is_ready)
    data, again, file = str(served.data), str(tmp_path / "again"), str(tmp_path / "backup.tar")

    examined = hemascope("doctor", "--deploy", "--data", data, "--json")
    saved = hemascope("backup", "--data", data, "--out", file, "--with-keys")
    restored = hemascope("restore", file, "--data", again)

    told = {finding["subject"]: finding["state"] for finding in json.loads(examined.stdout)}
    assert "broken" not in told.values(), examined.stdout
    assert (told["worker"], told["tables"], told["HTTPS"], told["backup"]) == ("ok", "ok", "note", "note")
    assert (examined.returncode, saved.returncode, restored.returncode) == (0, 0, 0), saved.stderr + restored.stderr
    assert re.match(r"the audit trail is whole: [1-9]", hemascope("maintain", "--data", again, "audit_verify").stdout)
    assert "is not empty" in hemascope("restore", file, "--data", again).stderr
