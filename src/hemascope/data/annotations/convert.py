"""From records to files of a format: whole or not at all, and with a list of what the format could not hold."""

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from hemascope.data.annotations.formats import Format, declared_classes, find_format, guess_format, read_annotations
from hemascope.data.annotations.image_size import image_size
from hemascope.data.annotations.losses import LossCount, fit
from hemascope.data.annotations.record import AnnotatedImage
from hemascope.data.annotations.target import ImageHandling, Target, Writer
from hemascope.errors import DatasetError, HemascopeError, OutputError, output_errors


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What was written, and in words what the format could not hold, such as "42 scores were dropped"."""

    images: int
    shapes: int
    losses: tuple[str, ...]


def convert_annotations(
    source: Path,
    out: Path,
    to: str,
    *,
    from_format: str | None = None,
    classes: Sequence[str] = (),
    images: ImageHandling = "keep",
    is_strict: bool = False,
) -> WriteReport:
    """Reads `source` and writes `out`; `from_format` None guesses. Arguments and errors as of `write_annotations`.

    Classes keep the order that the source declares unless `classes` gives another.
    """
    find_format(to)
    name = from_format or guess_format(source)
    find_format(name)
    if not source.exists():
        raise DatasetError(f"{source} does not exist; check the path")
    order = tuple(classes) or declared_classes(source, name)
    with closing(read_annotations(source, name, classes=classes)) as records:
        return write_annotations(records, out, to, classes=order, images=images, is_strict=is_strict)


def write_annotations(
    records: Iterable[AnnotatedImage],
    out: Path,
    fmt: str,
    *,
    classes: Sequence[str] = (),
    images: ImageHandling = "keep",
    is_strict: bool = False,
) -> WriteReport:
    """Writes a new folder, or a new file where `out` has the extension of the format's document.

    `classes` come first in the numbering of classes. Images stay where they are and are referred to, unless they are
    copied or hard-linked into `out`. `is_strict` refuses to lose anything. Memory does not grow with the images.

    Raises DatasetError for records that cannot be written, OutputError where `out` is in use or the disk is full;
    nothing is left behind then.
    """
    form = find_format(fmt)
    is_file = bool(form.document) and out.suffix.lower() == Path(form.document).suffix
    _check_out(out, is_file=is_file, images=images)
    with output_errors(out):
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.absolute().parent))
        try:
            part.chmod(0o755)
            home = out.absolute().parent if is_file else out.absolute()
            document = out.name if is_file else form.document
            report = _write(records, form, fmt, Target(part, home, document, tuple(classes), images), is_strict)
            if is_file:
                (part / document).replace(out)
            else:
                if out.exists():
                    out.rmdir()  # empty, as was checked; Windows renames onto nothing
                part.replace(out)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return report


def _check_out(out: Path, *, is_file: bool, images: ImageHandling) -> None:
    if is_file and images != "keep":
        raise OutputError(f"'{out}' is a file, but images go into a folder; give a folder as --out")
    if is_file and out.exists():
        raise OutputError(f"'{out}' exists; choose another --out or remove it")
    if not is_file and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"'{out}' exists and is not an empty folder; choose another --out")


def _write(records: Iterable[AnnotatedImage], form: Format, fmt: str, target: Target, is_strict: bool) -> WriteReport:
    losses = LossCount()
    images = shapes = 0
    writer = form.writer(target)
    try:
        for record in records:
            fitted = fit(_with_size(record, form), form.holds, losses)
            if fitted is not None:
                writer.add(fitted)
                images += 1
                shapes += len(fitted.shapes)
    except UnicodeEncodeError as error:
        _abandon(writer)
        raise DatasetError(f"{record.origin}: a text holds half a character ({error.reason}); correct it") from error
    except BaseException:
        _abandon(writer)
        raise
    writer.close()
    if not images:
        raise DatasetError(f"nothing that {fmt} can hold was found: {'; '.join(losses.lines()) or 'no image'}")
    if is_strict and losses:
        raise DatasetError(
            f"{fmt} cannot hold everything: {'; '.join(losses.lines())}; leave out --strict to accept it"
        )
    return WriteReport(images, shapes, losses.lines())


def _with_size(record: AnnotatedImage, form: Format) -> AnnotatedImage:
    has_size = bool(record.width and record.height)
    if has_size or form.sizes == "no" or (form.sizes == "wanted" and not record.image.is_file()):
        return record
    width, height = image_size(record.image)
    return replace(record, width=width, height=height)


def _abandon(writer: Writer) -> None:
    """Lets go of the files; what is wrong with them does not matter any more."""
    with suppress(HemascopeError, OSError, ValueError):
        writer.close()
