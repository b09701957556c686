"""Writes a folder of labelme files."""

from hemascope.data.annotations.labelme import labelme_text
from hemascope.data.annotations.record import AnnotatedImage
from hemascope.data.annotations.target import Target, with_extension


class LabelmeWriter:
    """`<name>.json` for every image; images that are copied or linked lie beside it."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def add(self, record: AnnotatedImage) -> None:
        record = self._target.place(record, record.name)
        file = with_extension(record.name, ".json")
        with self._target.create(file, record) as stream:
            stream.write(labelme_text(record, (self._target.home / file).parent))

    def close(self) -> None:
        """Nothing is left to write."""
