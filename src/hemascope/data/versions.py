"""Datasets that grow by versions: `NAME/v1`, `NAME/v2`, ... each written once, with the hash of every file.

A version is read by the reader `annotated`, which checks the hashes first.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.data.annotations import AnnotatedImage, write_annotations
from hemascope.data.annotations.document import describe_validation, parse_json
from hemascope.errors import DatasetError, OutputError, output_errors

VERSION_FILE: Final = "version.json"
ANNOTATIONS_FILE: Final = "annotations.json"
IMAGES_FOLDER: Final = "images"
_NUMBER = re.compile(r"v([1-9]\d*)")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Provenance(BaseModel):
    """Who made a version when, from what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    created_at: datetime
    created_by: str
    source: str  # folder of the labels
    models: tuple[str, ...]  # that had proposed: name, version and first digits of the hash of their network
    left_out: dict[str, int]  # why, and how many shapes


class DatasetVersion(BaseModel):
    """The manifest of a version. `part_of_field` holds the fields together that no later version may part again."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal["hemascope.dataset-version/1"] = Field("hemascope.dataset-version/1", alias="schema")
    name: str
    number: Annotated[int, Field(gt=0)]
    kind: Literal["crops", "fields"]
    provenance: Provenance
    previous: Sha256 | None  # digest of the version before
    class_order: tuple[str, ...]  # what was looked for; a class may have no cell
    classes: dict[str, int]  # cells or boxes
    parts: dict[str, int]  # images
    part_of_field: dict[str, str]
    files: dict[str, Sha256]
    digest: Sha256  # of `files`: two versions with the same digest hold the same

    @property
    def title(self) -> str:
        return f"{self.name} v{self.number}"


def latest_version(dataset: Path) -> Path | None:
    """The folder with the highest number, None where there is none yet."""
    numbers = _numbers(dataset)
    return dataset / f"v{max(numbers)}" if numbers else None


def read_version(folder: Path) -> DatasetVersion:
    """The manifest alone; raises DatasetError where it is missing or wrong."""
    path = folder / VERSION_FILE
    try:
        return DatasetVersion.model_validate(parse_json(path))
    except ValidationError as error:
        raise DatasetError(f"{path}: {describe_validation(error)}") from error


def verify_version(folder: Path) -> DatasetVersion:
    """The manifest, when every file is as it was written. Raises DatasetError that names one that is not."""
    version = read_version(folder)
    found = _hashes(folder)
    for name in sorted(found.keys() | version.files.keys()):
        if found.get(name) != version.files.get(name):
            fault = "is missing" if name not in found else "was added" if name not in version.files else "was changed"
            raise DatasetError(
                f"'{folder}' is not as it was written: {name} {fault}; versions are never edited: export a new one"
            )
    if version.digest != _digest(version.files):
        raise DatasetError(f"'{folder / VERSION_FILE}' was edited: its digest does not fit its files; export again")
    return version


def write_version(
    dataset: Path,
    kind: Literal["crops", "fields"],
    make_records: Callable[[Path], Iterable[AnnotatedImage]],
    provenance: Provenance,
    part_of_field: Mapping[str, str],
    class_order: tuple[str, ...],
) -> tuple[Path, DatasetVersion]:
    """Writes the next version, whole or not at all; gives its folder and manifest.

    `make_records` writes the images below the folder it is given and yields their records, with `split` and `group`.
    Raises OutputError, and what `write_annotations` raises.
    """
    previous = latest_version(dataset)
    number = max(_numbers(dataset), default=0) + 1
    with output_errors(dataset):
        dataset.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".v{number}.", suffix=".part", dir=dataset))
        try:
            part.chmod(0o755)
            records = list(make_records(part))
            write_annotations(records, part / ANNOTATIONS_FILE, "coco")
            files = _hashes(part)
            version = DatasetVersion(
                name=dataset.absolute().name,
                number=number,
                kind=kind,
                provenance=provenance,
                class_order=class_order,
                previous=None if previous is None else read_version(previous).digest,
                classes=_count(label for record in records for label in _labels(record, kind)),
                parts=_count(record.split or "" for record in records),
                part_of_field=dict(sorted(part_of_field.items())),
                files=files,
                digest=_digest(files),
            )
            text = version.model_dump_json(by_alias=True, indent=1)
            (part / VERSION_FILE).write_text(f"{text}\n", encoding="utf-8")
            target = dataset / f"v{number}"
            if target.exists():
                raise OutputError(f"'{target}' was made by somebody else meanwhile; run the command again")
            part.replace(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return target, version


def _numbers(dataset: Path) -> list[int]:
    if not dataset.is_dir():
        return []
    return [int(found[1]) for path in dataset.iterdir() if (found := _NUMBER.fullmatch(path.name))]


def _labels(record: AnnotatedImage, kind: str) -> Iterable[str]:
    return [record.label or ""] if kind == "crops" else [shape.label for shape in record.shapes]


def _count(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items()))


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the manifest, by relative path. Raises DatasetError for one that cannot be read."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / VERSION_FILE:
            try:
                with path.open("rb") as stream:
                    found[path.relative_to(folder).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError as error:
                raise DatasetError(f"'{path}' cannot be read: {error.strerror}") from error
    return found


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(sorted(files.items()))).encode()).hexdigest()
