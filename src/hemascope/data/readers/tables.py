"""Single cells that a `manifest.csv` lists: any such table, and the datasets that are no more than one."""

from collections.abc import Callable
from pathlib import Path

from hemascope.data.readers.manifest_table import read_manifest_table, rows_of_split
from hemascope.data.sample import CellDataset, CellSample
from hemascope.hematology.dataset_labels import canonical_class


def read_table(root: Path, split: str) -> CellDataset:
    """Columns file, label, and where they are known group, source, split; labels may be any text.

    Without a group every image is its own. Raises DatasetError as all readers.
    """
    return read_cell_table(root, split, root.resolve().name, group="group", label=lambda text: text)


def read_kaggle_wbc4(root: Path, split: str) -> CellDataset:
    """BCCD cells as turned and shifted copies (MIT): columns file, label, source. Copies of a source are a group."""
    return read_cell_table(
        root,
        split,
        "kaggle-wbc4",
        group="source",
        label=lambda text: canonical_class("kaggle-4", text),
        columns=("file", "label", "source"),
    )


def read_cell_table(
    root: Path,
    split: str,
    name: str,
    *,
    group: str,
    label: Callable[[str], str],
    source: str = "source",
    columns: tuple[str, ...] = ("file", "label"),
) -> CellDataset:
    """Rows of one split; `group` and `source` name columns, `label` turns the dataset's word into a class id.

    Classes are those of all splits, in alphabetical order. An empty group is the file's name, an empty source `name`.
    """
    rows = read_manifest_table(root, columns)
    classes = tuple(sorted({label(row["label"]) for row in rows}))
    samples = tuple(
        CellSample(root / row["file"], label(row["label"]), row.get(source) or name, row.get(group) or row["file"])
        for row in rows_of_split(rows, split, root)
    )
    return CellDataset(name, classes, samples)
