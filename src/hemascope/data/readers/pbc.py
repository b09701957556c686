"""PBC (Acevedo et al. 2020, CC BY 4.0): single cells of healthy donors, eleven classes."""

from pathlib import Path

from hemascope.data.readers.manifest_table import read_manifest_table, rows_of_split
from hemascope.data.sample import CellDataset, CellSample
from hemascope.errors import DatasetError

CLASSES = (
    "basophil",
    "eosinophil",
    "erythroblast",
    "promyelocyte",
    "myelocyte",
    "metamyelocyte",
    "band_neutrophil",
    "segmented_neutrophil",
    "lymphocyte",
    "monocyte",
    "platelet",
)


def read_cells(root: Path, split: str) -> CellDataset:
    """Cells of `train` or `val`; `manifest.csv` has columns file, label, split (labels are canonical ids).

    The set names neither patients nor slides, so every image is its own group.
    """
    samples = []
    for row in rows_of_split(read_manifest_table(root, ("file", "label", "split")), split, root):
        if row["label"] not in CLASSES:
            raise DatasetError(f"{root}/manifest.csv: unknown label '{row['label']}'; known: {', '.join(CLASSES)}")
        samples.append(CellSample(root / row["file"], row["label"], "pbc", row["file"]))
    return CellDataset("pbc", CLASSES, tuple(samples))
