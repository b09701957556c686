"""What the labels of each supported dataset mean in our taxonomy."""

from collections.abc import Mapping
from types import MappingProxyType

from hemascope.errors import DatasetError
from hemascope.hematology.taxonomy import describe_unknown

_ACEVEDO_8 = {
    "neutrophil": "neutrophil",
    "eosinophil": "eosinophil",
    "basophil": "basophil",
    "lymphocyte": "lymphocyte",
    "monocyte": "monocyte",
    "ig": "immature_granulocyte",
    "erythroblast": "erythroblast",
    "platelet": "platelet",
}

# The eleven classes by name, and by the prefix of the file names (BNE_495078.jpg), where the stage is written.
_PBC_11 = {
    "basophil": "basophil",
    "eosinophil": "eosinophil",
    "erythroblast": "erythroblast",
    "metamyelocyte": "metamyelocyte",
    "myelocyte": "myelocyte",
    "promyelocyte": "promyelocyte",
    "lymphocyte": "lymphocyte",
    "monocyte": "monocyte",
    "band_neutrophil": "band_neutrophil",
    "segmented_neutrophil": "segmented_neutrophil",
    "platelet": "platelet",
    "ba": "basophil",
    "eo": "eosinophil",
    "erb": "erythroblast",
    "mmy": "metamyelocyte",
    "my": "myelocyte",
    "pmy": "promyelocyte",
    "ly": "lymphocyte",
    "mo": "monocyte",
    "bne": "band_neutrophil",
    "sne": "segmented_neutrophil",
    "neutrophil": "neutrophil",  # prefixes of the few files whose stage was not noted
    "ig": "immature_granulocyte",
}

# Sun 2023 (thesis), table 3.1: a private bone-marrow set.
_BMCD_11 = {
    "prim": "blast",  # 原始细胞: no lineage given
    "lym": "lymphocyte",
    "mono": "monocyte",
    "plas": "plasma_cell",
    "red": "erythroblast",  # written 红细胞 in the table, but the nucleated red cells (有核红细胞) of the text
    "promy": "promyelocyte",
    "myelo": "myelocyte",
    "late": "metamyelocyte",
    "rods": "band_neutrophil",
    "lobu": "segmented_neutrophil",
    "eosl": "eosinophil",
}

# Matek 2019, Munich AML (LMU).
_MUNICH_15 = {
    "ngs": "segmented_neutrophil",
    "ngb": "band_neutrophil",
    "mmz": "metamyelocyte",
    "myb": "myelocyte",
    "pmo": "promyelocyte",
    "pmb": "abnormal_promyelocyte",  # bilobed promyelocyte
    "myo": "myeloblast",
    "mob": "monoblast",
    "mon": "monocyte",
    "lyt": "lymphocyte",
    "lya": "atypical_lymphocyte",
    "eos": "eosinophil",
    "bas": "basophil",
    "ebo": "erythroblast",
    "ksc": "smudge_cell",
}

# Matek 2021, bone marrow.
_MARROW_21 = {
    "ngs": "segmented_neutrophil",
    "ngb": "band_neutrophil",
    "mmz": "metamyelocyte",
    "myb": "myelocyte",
    "pmo": "promyelocyte",
    "fgc": "faggot_cell",
    "bla": "blast",
    "mon": "monocyte",
    "lyt": "lymphocyte",
    "lyi": "immature_lymphocyte",
    "hac": "hairy_cell",
    "plm": "plasma_cell",
    "eos": "eosinophil",
    "abe": "abnormal_eosinophil",
    "bas": "basophil",
    "ebo": "erythroblast",
    "peb": "proerythroblast",
    "ksc": "smudge_cell",
    "art": "artefact",
    "nif": "unidentified",
    "oth": "other_cell",
}

_BCCD_4 = {
    "neutrophil": "neutrophil",
    "eosinophil": "eosinophil",
    "lymphocyte": "lymphocyte",
    "monocyte": "monocyte",
}

# Sidhom 2021, acute leukaemias of Johns Hopkins.
_APL_AML = {
    "blast": "blast",
    "promyelocyte": "promyelocyte",
    "myelocyte": "myelocyte",
    "metamyelocyte": "metamyelocyte",
    "band_neutrophil": "band_neutrophil",
    "segmented_neutrophil": "segmented_neutrophil",
    "eosinophil": "eosinophil",
    "basophil": "basophil",
    "promonocyte": "promonocyte",
    "monocyte": "monocyte",
    "lymphocyte": "lymphocyte",
    "variant_lymphocyte": "atypical_lymphocyte",
    "plasma_cell": "plasma_cell",
    "erythroblast": "erythroblast",
    "smudge_cell": "smudge_cell",
    "giant_platelet": "giant_platelet",
}

# Gan 2024; detection classes, as numbers in the label files and by name.
_TXL_PBC = {"0": "wbc", "1": "rbc", "2": "platelet", "wbc": "wbc", "rbc": "rbc", "platelet": "platelet"}

DATASET_LABELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "bmcd-11": MappingProxyType(_BMCD_11),
        "munich-15": MappingProxyType(_MUNICH_15),
        "marrow-21": MappingProxyType(_MARROW_21),
        "pbc-8": MappingProxyType(_ACEVEDO_8),
        "pbc-11": MappingProxyType(_PBC_11),
        "kaggle-4": MappingProxyType(_BCCD_4),
        "apl-aml": MappingProxyType(_APL_AML),
        "txl-pbc": MappingProxyType(_TXL_PBC),
    }
)
"""Dataset id -> label in lower case -> class id."""


def canonical_class(dataset: str, label: str) -> str:
    """The class id that `label` of `dataset` stands for; letter case, spaces and hyphens in the label do not matter.

    Raises DatasetError that names the allowed datasets or labels and the nearest one.
    """
    labels = DATASET_LABELS.get(dataset)
    if labels is None:
        raise DatasetError(f"unknown dataset {describe_unknown(dataset, DATASET_LABELS)}")
    class_id = labels.get(label.strip().casefold().replace(" ", "_").replace("-", "_"))
    if class_id is None:
        raise DatasetError(f"dataset {dataset} has no label {describe_unknown(label, labels)}")
    return class_id
