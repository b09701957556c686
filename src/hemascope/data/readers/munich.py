"""Munich AML (Matek 2019, TCIA, CC BY 3.0): 18,365 single cells of 15 classes, in one folder a class."""

from pathlib import Path

from hemascope.data.readers.class_folders import pictures_by_folder
from hemascope.data.readers.manifest_table import WHOLE
from hemascope.data.sample import CellDataset, CellSample
from hemascope.errors import DatasetError
from hemascope.hematology.dataset_labels import canonical_class


def read_cells(root: Path, split: str) -> CellDataset:
    """The folders BAS, EBO, ... of the published archive; its only split is `all`.

    The archive names no patients, so every image is its own group. Raises DatasetError for a folder that is no class.
    """
    if split != WHOLE:
        raise DatasetError(f"munich-15 has no split '{split}', only '{WHOLE}'; divide it with data.folds in the recipe")
    pictures = pictures_by_folder(root) if root.is_dir() else {}
    if not pictures:
        raise DatasetError(f"{root} is not Munich AML: expected the folders BAS, EBO, ... with pictures")
    samples = tuple(
        CellSample(path, canonical_class("munich-15", code), "munich-15", path.name)
        for code, paths in pictures.items()
        for path in paths
    )
    return CellDataset("munich-15", tuple(sorted({s.label for s in samples})), samples)
