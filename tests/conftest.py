"""What every test gets: a clean environment, no network, one seeded generator, no deadline for properties."""

import _socket
import os
import socket
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("hemascope", deadline=None)  # a busy machine is no failure
settings.load_profile("hemascope")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HEMASCOPE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise AssertionError(f"a test tried to reach {address!r}; tests never use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240229)


@pytest.fixture
def loopback(no_network: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test talk to a server of its own on 127.0.0.1; everything else stays out of reach."""

    def connect(self: socket.socket, address: Any) -> None:
        if not (isinstance(address, tuple) and address[0] == "127.0.0.1"):
            raise AssertionError(f"a test tried to reach {address!r}; only 127.0.0.1 is allowed")
        _socket.socket.connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setenv("no_proxy", "*")
