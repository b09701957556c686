"""Sets of acute leukaemias that may be measured on but whose weights may not ship: Taleqani ALL, APL and AML."""

from dataclasses import replace
from pathlib import Path

from hemascope.data.readers.tables import read_cell_table
from hemascope.data.sample import CellDataset
from hemascope.errors import DatasetError
from hemascope.hematology.dataset_labels import canonical_class

ALL_CLASSES = ("benign", "early_pre_b", "pre_b", "pro_b")
# The scale bar or "200 pix" in the lower right corner of most fields, shares of width and height.
_SCALE_BAR_XYXY = (0.83, 0.86, 1.0, 1.0)


def read_taleqani(root: Path, split: str) -> CellDataset:
    """Whole fields of acute lymphoblastic leukaemia (Aria 2021): columns file, label, group.

    The class is the field's; where the scale bar is, or would be, every field is painted over.
    """
    dataset = read_cell_table(
        root, split, "taleqani-all", group="group", label=_all_class, columns=("file", "label", "group")
    )
    return replace(dataset, samples=tuple(replace(s, writing_xyxy=_SCALE_BAR_XYXY) for s in dataset.samples))


def read_apl_aml(root: Path, split: str) -> CellDataset:
    """Cells of acute leukaemia patients (Sidhom 2021): columns file, label, patient, diagnosis.

    The patient is the group, the diagnosis (APL or AML) the source by which results can be reported.
    """
    return read_cell_table(
        root,
        split,
        "apl-aml",
        group="patient",
        source="diagnosis",
        label=lambda text: canonical_class("apl-aml", text),
        columns=("file", "label", "patient", "diagnosis"),
    )


def _all_class(label: str) -> str:
    if label not in ALL_CLASSES:
        raise DatasetError(f"taleqani-all has no label '{label}'; known: {', '.join(ALL_CLASSES)}")
    return label
