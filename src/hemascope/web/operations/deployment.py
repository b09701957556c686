"""What is right and wrong with an installation where it runs: settings, secrets, folder, database, queue, workers."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hemascope.errors import HemascopeError
from hemascope.service.health import Finding
from hemascope.web.installation import SECRET_FILES
from hemascope.web.settings import environment

_LEAST_FREE_BYTES = 2 * 1024**3
_LEAST_FREE_SHARE = 0.1
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
    yield examine_backup(data, environment.number("BACKUP_MAX_AGE_H", 0))
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
        usage = shutil.disk_usage(data)
    except OSError as error:
        yield Finding("broken", "data folder", f"cannot write to '{data}': {error.strerror}")
        return
    text = f"'{data}' is writable, {usage.free / 1024**3:.1f} of {usage.total / 1024**3:.1f} GiB are free"
    is_full = usage.free < _LEAST_FREE_BYTES
    is_tight = usage.free < usage.total * _LEAST_FREE_SHARE
    yield Finding("broken" if is_full else "note" if is_tight else "ok", "data folder", text)
    yield _secrets(data)


def _secrets(data: Path) -> Finding:
    named = [value for name, value in os.environ.items() if name.startswith("HEMASCOPE_") and name.endswith("_FILE")]
    files = [path for path in {*map(Path, named), *(data / name for name in SECRET_FILES)} if path.is_file()]
    open_ones = sorted(str(path) for path in files if path.stat().st_mode & _OTHERS)
    if open_ones:
        return Finding("broken", "secrets", f"others may read {', '.join(open_ones)}; run: chmod 600 {open_ones[0]}")
    return Finding("ok", "secrets", f"strong enough; {len(files)} files that only their owner can read")


def examine_backup(data: Path, longest_h: int) -> Finding:
    """`longest_h` 0: nobody asked for backups by this command."""
    from hemascope.web.operations.backup import LAST_BACKUP_FILE

    try:
        made_at = datetime.fromisoformat(json.loads((data / LAST_BACKUP_FILE).read_bytes())["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        text = "none was made yet; see docs/workstation/backup.md"
        return Finding("broken" if longest_h else "note", "backup", text)
    age = datetime.now(UTC) - made_at
    text = f"the last one was made {age / timedelta(hours=1):.0f} hours ago"
    if longest_h and age > timedelta(hours=longest_h):
        return Finding("broken", "backup", f"{text}, more than the {longest_h} of HEMASCOPE_BACKUP_MAX_AGE_H")
    return Finding("ok", "backup", text)
