"""Where uploaded files lie: a folder, or a bucket of an S3 server; read and written through `default_storage`."""

from collections.abc import Iterator

from django.core.files.storage import default_storage


def stored_names(folder: str = "", *, leave_out: str = "") -> Iterator[str]:
    """Every file in and below `folder`; the folder `leave_out` in it is not looked into."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(files):
        yield f"{folder}/{name}".lstrip("/")
    for name in sorted(folders):
        if name != leave_out:
            yield from stored_names(f"{folder}/{name}".lstrip("/"))
