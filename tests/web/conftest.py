"""The web tests: Django with the test settings, and network to loopback only, where MariaDB and Redis may be."""

import os
import socket
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("django") is None or find_spec("pytest_django") is None:
    collect_ignore_glob = ["*"]
else:
    os.environ["DJANGO_SETTINGS_MODULE"] = "hemascope.web.settings.test"
    import django

    django.setup()

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the stricter one of all other tests."""
    connect = socket.socket.connect

    def only_loopback(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not (isinstance(address, tuple) and address[0] in _LOOPBACK):
            raise AssertionError(f"a test tried to reach {address!r}; tests never use the network")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_loopback)


@pytest.fixture(autouse=True)
def own_files(settings: object, tmp_path: Path) -> None:
    """Uploaded files of a test lie in its own folder, and nothing is throttled or cached from the test before."""
    from django.core.cache import cache

    settings.MEDIA_ROOT = tmp_path / "files"  # type: ignore[attr-defined]
    cache.clear()
