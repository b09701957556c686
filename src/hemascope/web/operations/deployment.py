"""What is right and wrong with an installation where it runs: settings, secrets, folder, database, queue, workers."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from hemascope.errors import HemascopeError
from hemascope.service.health import Finding
from hemascope.web.dashboard.upkeep import examine_backup, examine_room
from hemascope.web.installation import SECRET_FILES
from hemascope.web.settings import environment

_OTHERS = 0o077  # permissions of anybody but the owner


def examine_deployment() -> Iterator[Finding]:
    """Of the installation that the environment describes. Sets Django up; orders one job that does nothing."""
    import django

    try:
        django.setup()
    except HemascopeError as error:
        yield Finding("broken", "settings", str(error))
        return
    from hemascope.web.operations.deployment_services import examine_database, examine_files, examine_queue
    from hemascope.web.operations.deployment_settings import examine_settings

    yield from examine_settings()
    data = environment.data_folder()
    yield from examine_folder(data)
    yield examine_files()
    yield examine_backup(data, settings.BACKUP_MAX_AGE_H)
    is_reached = False
    for finding in examine_database():
        is_reached = finding.state != "broken" or is_reached
        yield finding
    if is_reached:
        yield from examine_queue()


def examine_folder(data: Path) -> Iterator[Finding]:
    """That it can be written, has room, and keeps its secrets to itself."""
    try:
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        yield Finding("broken", "data folder", f"cannot write to '{data}': {error.strerror}")
        return
    room = examine_room(data)
    yield Finding(room.state, "data folder", f"can be written; {room.text}")
    yield _secrets(data)
    yield from _first_password(data)


def _secrets(data: Path) -> Finding:
    named = [value for name, value in os.environ.items() if name.startswith("HEMASCOPE_") and name.endswith("_FILE")]
    files = [path for path in {*map(Path, named), *(data / name for name in SECRET_FILES)} if path.is_file()]
    open_ones = sorted(str(path) for path in files if path.stat().st_mode & _OTHERS)
    if open_ones:
        return Finding("broken", "secrets", f"others may read {', '.join(open_ones)}; run: chmod 600 {open_ones[0]}")
    return Finding("ok", "secrets", f"strong enough; {len(files)} files that only their owner can read")


def _first_password(data: Path) -> Iterator[Finding]:
    from hemascope.web.accounts.first_password import FIRST_PASSWORD_FILE

    if (data / FIRST_PASSWORD_FILE).exists():
        text = f"the first administrator's is still the one in '{data / FIRST_PASSWORD_FILE}'; sign in and change it"
        yield Finding("note", "first password", text)
