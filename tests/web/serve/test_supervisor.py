import sys
import threading
from pathlib import Path

from hemascope.web.supervisor import Child, Supervisor
from web.patience import wait_until


def child(name: str, code: str) -> Child:
    return Child(name, [sys.executable, "-c", code], rest_s=0.01)


def run_until(supervisor: Supervisor, condition: object) -> None:
    """Signals go to the main thread, so that this presses stop as the handler would."""

    def stop() -> None:
        wait_until(condition)  # type: ignore[arg-type]
        supervisor._stop(0, None)

    thread = threading.Thread(target=stop)
    thread.start()
    supervisor.run()
    thread.join()


def test_process_that_dies_is_started_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    starts.touch()
    dying = child("dying", f"open({str(starts)!r}, 'a').write('x')")

    run_until(Supervisor([dying], {}), lambda: len(starts.read_text()) >= 2)


def test_process_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    started = tmp_path / "started"
    code = f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(started)!r}, 'w'); time.sleep(600)"
    stubborn = child("stubborn", code)

    run_until(Supervisor([stubborn], {}, grace_s=0.1), started.exists)

    assert stubborn.process is not None
    assert stubborn.process.returncode == -9
