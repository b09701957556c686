"""What somebody has to look after: room on the disk, backups. For the dashboard and for `hemascope doctor --deploy`."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hemascope.service.health import Finding

LAST_BACKUP_FILE = "last-backup.json"  # in the data folder: when
_LEAST_FREE_BYTES = 2 * 1024**3
_LEAST_FREE_SHARE = 0.1


def examine_room(data: Path) -> Finding:
    """Broken: the next uploads may fail."""
    try:
        usage = shutil.disk_usage(data)
    except OSError as error:
        return Finding("broken", "room", f"cannot reach '{data}': {error.strerror}")
    text = f"{usage.free / 1024**3:.1f} of {usage.total / 1024**3:.1f} GiB are free at '{data}'"
    is_full = usage.free < _LEAST_FREE_BYTES
    is_tight = usage.free < usage.total * _LEAST_FREE_SHARE
    return Finding("broken" if is_full else "note" if is_tight else "ok", "room", text)


def examine_backup(data: Path, longest_h: int) -> Finding:
    """`longest_h` 0: nobody asked for backups by this command."""
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
