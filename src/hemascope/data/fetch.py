"""Public datasets into a folder of yours: downloaded, or taken from a copy that is on disk already."""

import json
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from hemascope.data.annotations.folders import IMAGE_EXTENSIONS
from hemascope.data.catalogue import CatalogueEntry, ExpectedFolder
from hemascope.data.download import Progress, download, no_progress
from hemascope.data.readers.manifest_table import read_manifest_table
from hemascope.errors import DatasetError, OutputError, output_errors

DATASET_FILE = "dataset.json"
SCHEMA = "hemascope.dataset/1"
TABLE_FILE = "manifest.csv"


@dataclass(frozen=True, slots=True)
class FetchedDataset:
    folder: Path
    files: int
    images: int
    is_selection: bool  # a part of the dataset, listed in a table


def fetch(entry: CatalogueEntry, out: Path, progress: Progress = no_progress) -> FetchedDataset:
    """Downloads, checks and unpacks a dataset to the new folder `out`.

    The archive waits beside `out` while it is incomplete. Raises DatasetError for an entry without a file address
    (naming the page) and for content that is not the dataset, DownloadError and OutputError.
    """
    if entry.file is None:
        raise DatasetError(
            f"the address of the files of '{entry.name}' is unknown; download it by hand from {entry.page}, unpack it "
            f"and import it: hemascope data fetch {entry.name} --from FOLDER --out {out}"
        )
    _check_new(out)
    archive = out.absolute().parent / f".{entry.name}.zip"
    with output_errors(archive):
        archive.parent.mkdir(parents=True, exist_ok=True)
    if archive.exists():
        archive.unlink()  # of a call that was killed while it unpacked
    sha256 = download(entry.file, archive, progress)
    with _new_folder(out) as part:
        _unpack(archive, part, progress)
        found = _checked(entry, part)
        _write_note(part, entry, found, {"url": entry.file.url, "sha256": sha256})
    archive.unlink()
    return FetchedDataset(out, *found)


def import_copy(
    entry: CatalogueEntry, source: Path, out: Path, *, link: bool = True, progress: Progress = no_progress
) -> FetchedDataset:
    """Checks that `source` is the dataset and brings it to the new folder `out`.

    Accepted are the dataset as it is published, and a selection of it with a `manifest.csv`. Files are hard-linked with
    `link` where the file system can, else copied. Raises DatasetError naming what is missing, OutputError.
    """
    if not source.is_dir():
        raise DatasetError(f"'{source}' is no folder; give the unpacked copy of {entry.title}")
    _check_new(out)
    found = _checked(entry, source)
    bring = _link_or_copy if link else shutil.copyfile
    files = list(_files_below(source))
    with _new_folder(out) as part:
        for done, path in enumerate(files, start=1):
            target = part / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            bring(path, target)
            progress("importing", done, len(files))
        (part / DATASET_FILE).unlink(missing_ok=True)  # of an earlier import; a link must not be written through
        _write_note(part, entry, found, {"folder": str(source.absolute())})
    return FetchedDataset(out, *found)


def _checked(entry: CatalogueEntry, folder: Path) -> tuple[int, int, bool]:
    """Files, images, and whether it is a selection. Raises DatasetError where it is not the dataset."""
    files = list(_files_below(folder))
    images = [path for path in files if path.suffix.lower() in IMAGE_EXTENSIONS]
    if entry.table and (folder / TABLE_FILE).is_file():
        _check_selection(entry, folder)
        return len(files), len(images), True
    names = [image.parent.relative_to(folder).as_posix().casefold() for image in images]
    wrong = [
        f"{expected.name}: {count:,} images, expected {expected.images:,}"
        for expected in entry.folders
        if (count := sum(_lies_in(name, expected) for name in names)) < expected.images
    ]
    if wrong:
        more = f" and {len(wrong) - 3} folders more" if len(wrong) > 3 else ""
        raise DatasetError(
            f"'{folder}' is not {entry.title} as it is published ({'; '.join(wrong[:3])}{more}), and has no "
            f"{TABLE_FILE} that lists a selection; compare with {entry.page}"
        )
    return len(files), len(images), False


def _lies_in(folder: str, expected: ExpectedFolder) -> bool:
    """Whether consecutive parts of the path match the parts of the expected name."""
    parts, wanted = folder.split("/"), expected.name.casefold().split("/")
    return any(
        all(fnmatch(part, pattern) for part, pattern in zip(parts[start:], wanted, strict=False))
        for start in range(len(parts) - len(wanted) + 1)
    )


def _check_selection(entry: CatalogueEntry, folder: Path) -> None:
    rows = read_manifest_table(folder, entry.table)
    missing = next((row["file"] for row in rows if not (folder / row["file"]).is_file()), None)
    if missing is not None:
        raise DatasetError(f"{folder / TABLE_FILE} names {missing}, which is not there; copy the folder again")
    foreign = sorted({row["label"] for row in rows} - set(entry.labels)) if entry.labels else []
    if foreign:
        raise DatasetError(
            f"{folder / TABLE_FILE} has the label '{foreign[0]}', which {entry.title} does not; its labels: "
            f"{', '.join(entry.labels)}"
        )


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _unpack(archive: Path, folder: Path, progress: Progress) -> None:
    """Raises DatasetError for a damaged archive, or one whose names lead out of the folder."""
    try:
        with zipfile.ZipFile(archive) as content:
            members = content.infolist()
            for done, member in enumerate(members, start=1):
                name = PurePosixPath(member.filename.replace("\\", "/"))
                if name.is_absolute() or ".." in name.parts or stat.S_ISLNK(member.external_attr >> 16):
                    raise DatasetError(f"the archive holds '{member.filename}', which leads out of it; it is not used")
                content.extract(member, folder)
                progress("unpacking", done, len(members))
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        archive.unlink()
        raise DatasetError(f"what was downloaded is no usable zip archive ({error}); run the command again") from error


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(os.path.realpath(source), target)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)


def _check_new(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"'{out}' exists and is not an empty folder; choose another --out")


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder that becomes `out` at the end, or vanishes with an error; OSError becomes OutputError."""
    with output_errors(out):
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.absolute().parent))
        try:
            part.chmod(0o755)
            yield part
            if out.exists():
                out.rmdir()  # empty, as was checked; Windows renames onto nothing
            part.replace(out)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _write_note(folder: Path, entry: CatalogueEntry, found: tuple[int, int, bool], origin: dict[str, str]) -> None:
    """What it is, whose it is and where it came from, beside the files."""
    files, images, is_selection = found
    note = {
        "schema": SCHEMA,
        "name": entry.name,
        "title": entry.title,
        "licence": entry.licence,
        "citation": entry.citation,
        "page": entry.page,
        "origin": origin,
        "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "is_selection": is_selection,
        "file_count": files,
        "image_count": images,
    }
    (folder / DATASET_FILE).write_text(json.dumps(note, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
