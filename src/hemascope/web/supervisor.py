"""Keeps the processes of one installation running: starts them, restarts what dies, ends all of them together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import structlog

_log = structlog.get_logger("hemascope.web.supervisor")
_LOOK_S = 0.2
_SHORTEST_REST_S, _LONGEST_REST_S = 0.5, 30.0  # before a process that died is started again; doubled each time
_STABLE_S = 60.0  # who ran so long is restarted without waiting
_GRACE_S = 30.0  # for finishing requests and the job in hand
_PR_SET_PDEATHSIG = 1  # of prctl(2)
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(slots=True)
class Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    rest_s: float = _SHORTEST_REST_S
    not_before: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """`run` returns when SIGINT or SIGTERM came and every child has ended."""

    children: Sequence[Child]
    environment: Mapping[str, str]
    grace_s: float = _GRACE_S
    _is_stopping: bool = field(default=False, init=False)

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self._is_stopping:
            for child in self.children:
                self._look_after(child)
            time.sleep(_LOOK_S)
        self._end_all()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.not_before:
                child.process = self._start(child)
                child.started = now
            return
        if child.process.poll() is not None:
            if now - child.started > _STABLE_S:
                child.rest_s = _SHORTEST_REST_S
            _log.error("died", process=child.name, exit_code=child.process.returncode, restart_in_s=child.rest_s)
            child.process, child.not_before = None, now + child.rest_s
            child.rest_s = min(child.rest_s * 2, _LONGEST_REST_S)

    def _start(self, child: Child) -> subprocess.Popen[bytes]:
        """In its own session: Ctrl-C reaches only us, and we end the children in order."""
        own_id = os.getpid()

        def end_with_us() -> None:
            """In the new process: the kernel tells it to stop when we die, even of SIGKILL (Linux only)."""
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
                if os.getppid() != own_id:  # we died before it asked
                    os._exit(1)

        # preexec_fn is safe here: this process has one thread.
        return subprocess.Popen(
            child.command, env=dict(self.environment), start_new_session=True, preexec_fn=end_with_us
        )

    def _end_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        end = time.monotonic() + self.grace_s
        for process in running:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()  # its job is taken off it and run again after the next start
                process.wait()
