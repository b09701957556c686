"""Readers by name: each turns a folder on disk into samples."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hemascope.data.readers import annotated_folder, class_folders, leukaemias, munich, painted, pbc, tables, txl_pbc
from hemascope.data.sample import CellDataset, FieldDataset
from hemascope.errors import DatasetError

Reader = TypeVar("Reader")

_FIELD_READERS: dict[str, Callable[[Path, str], FieldDataset]] = {
    "annotated": annotated_folder.read_fields,
    "synth": painted.read_fields,
    "txl-pbc": txl_pbc.read_fields,
}
_CELL_READERS: dict[str, Callable[[Path, str], CellDataset]] = {
    "annotated": annotated_folder.read_cells,
    "apl-aml": leukaemias.read_apl_aml,
    "folders": class_folders.read_cells,
    "kaggle-wbc4": tables.read_kaggle_wbc4,
    "munich-15": munich.read_cells,
    "pbc": pbc.read_cells,
    "table": tables.read_table,
    "taleqani-all": leukaemias.read_taleqani,
}
FIELDS = frozenset(_FIELD_READERS)


def read_fields(reader: str, root: Path, split: str) -> FieldDataset:
    """Annotated fields of one split. Raises DatasetError for an unknown reader or a folder that is not that dataset."""
    return _find(_FIELD_READERS, reader, "field")(root, split)


def read_cells(reader: str, root: Path, split: str) -> CellDataset:
    """Single-cell images of one split. Raises DatasetError likewise."""
    return _find(_CELL_READERS, reader, "cell")(root, split)


def _find(readers: dict[str, Reader], name: str, kind: str) -> Reader:
    if name not in readers:
        raise DatasetError(f"no {kind} reader '{name}'; known: {', '.join(sorted(readers))}")
    return readers[name]
