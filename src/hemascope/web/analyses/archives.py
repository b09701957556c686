"""Crops of a case as a ZIP archive, made while it is sent: nothing of it is held in memory or on disk."""

import io
import zipfile
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from PIL import Image

from hemascope.errors import InputError
from hemascope.imaging.decode import ImageSource
from hemascope.imaging.resize import RgbArray
from hemascope.web.analyses.choices import FieldKind
from hemascope.web.analyses.files import ARCHIVE_CONTEXT, cut_cell, open_field
from hemascope.web.analyses.models import Cell
from hemascope.web.cases.models import Case

_PROBLEMS = "unreadable.txt"


class _Outbox(io.RawIOBase):
    """A file that can only be written; `take` gives what came since the last time."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, chunk: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._chunks.append(bytes(chunk))
        return len(chunk)

    def take(self) -> bytes:
        taken, self._chunks = b"".join(self._chunks), []
        return taken


def crops_archive(case: Case) -> Iterator[bytes]:
    """`<class>/<field>_<cell>.png` of every cell that is not deleted; fields that cannot be read are listed at the end.

    A crop shows as much around its cell as the pictures the classifier expects from an upload.
    """
    outbox = _Outbox()
    problems: list[str] = []
    cells = Cell.objects.filter(case=case, is_deleted=False).select_related("field").order_by("field", "pk")
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:
        for _, members in groupby(cells.iterator(), key=attrgetter("field_id")):
            group = list(members)
            try:
                with open_field(group[0].field) as source:
                    for cell in group:
                        name = f"{cell.shown_class}/{cell.field_id}_{cell.pk}.png"
                        archive.writestr(name, _png(_cut(source, cell)))
                        yield outbox.take()
            except InputError as error:
                problems.append(f"{group[0].field.original_name}: {error}\n")
        if problems:
            archive.writestr(_PROBLEMS, "".join(problems))
    yield outbox.take()


def _cut(source: ImageSource, cell: Cell) -> RgbArray:
    if cell.field.kind == FieldKind.CROP:
        return source.read_region(0, 0, source.width, source.height)
    return cut_cell(source, cell.box_xyxy, ARCHIVE_CONTEXT)


def _png(rgb: RgbArray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(rgb).save(content, "PNG", compress_level=1)
    return content.getvalue()
