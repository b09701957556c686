# ruff: noqa: E501 (citations stay whole)
"""The public datasets that Hemascope knows: where they are, whose they are, how a copy of one is recognised.

Nothing here is guessed: a file address, size or checksum that was not at hand is None, which the commands show as
"unknown". Counts are those of the papers and pages named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from hemascope.errors import DatasetError


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One zip archive to download."""

    url: str
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectedFolder:
    """Folders named `name`, upper or lower case, anywhere in a copy, with at least `images` images in and below all.

    `name` may be a glob pattern and may have several parts (`images/train`).
    """

    name: str
    images: int


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    name: str  # what commands call it
    title: str
    content: str  # what it shows, in one line
    licence: str
    citation: str
    page: str  # where people read about it and download by hand
    folders: tuple[ExpectedFolder, ...]
    labels: tuple[str, ...]  # classes that the table of a selection (`manifest.csv`) may name
    table: tuple[str, ...] = ("file", "label")  # columns of that table; nothing: only the whole dataset is accepted
    file: RemoteFile | None = None  # None: it can only be downloaded by hand from the page


def _folders(counts: Mapping[str, int]) -> tuple[ExpectedFolder, ...]:
    return tuple(ExpectedFolder(name, images) for name, images in counts.items())


_ENTRIES = (
    CatalogueEntry(
        name="txl-pbc",
        title="TXL-PBC",
        content="peripheral blood fields of four public sets with boxes of white cells, red cells and platelets",
        licence="MIT",
        citation="Gan L, Li X. TXL-PBC: a freely accessible labeled peripheral blood cell dataset. arXiv:2407.13214, 2024.",
        page="https://github.com/lugan113/TXL-PBC_Dataset",
        folders=_folders({"images/train": 800, "images/val": 200, "images/test": 100}),
        labels=(),
        table=("file", "labels", "split", "source", "group"),
        file=RemoteFile(
            "https://github.com/lugan113/TXL-PBC_Dataset/archive/0b72fe2e35eea92573926f21119cfbe1a76da48a.zip"
        ),
    ),
    CatalogueEntry(
        name="pbc",
        title="PBC, Hospital Clinic of Barcelona",
        content="17,092 single cells of healthy donors, eight classes (eleven by file name)",
        licence="CC BY 4.0",
        citation="Acevedo A, Merino A, Alférez S, Molina Á, Boldú L, Rodellar J. A dataset of microscopic peripheral blood "
        "cell images for development of automatic recognition systems. Data in Brief 30:105474, 2020.",
        page="https://doi.org/10.17632/snkd93bnjr.1",
        folders=_folders(
            {
                "neutrophil": 3329, "eosinophil": 3117, "basophil": 1218, "lymphocyte": 1214, "monocyte": 1420,
                "ig": 2895, "erythroblast": 1551, "platelet": 2348,
            }
        ),
        labels=(
            "basophil", "eosinophil", "erythroblast", "promyelocyte", "myelocyte", "metamyelocyte", "band_neutrophil",
            "segmented_neutrophil", "lymphocyte", "monocyte", "platelet", "neutrophil", "immature_granulocyte",
        ),
    ),
    CatalogueEntry(
        name="kaggle-bccd-4",
        title="Blood Cell Images (Kaggle)",
        content="12,444 turned and shifted copies of a few hundred BCCD cells, four classes: group them by source",
        licence="MIT (of BCCD, its source)",
        citation="Mooney P. Blood Cell Images. Kaggle, 2018; made from BCCD (Shenggan, Cheng C).",
        page="https://www.kaggle.com/datasets/paultimothymooney/blood-cells",
        folders=_folders(
            {
                "train/eosinophil": 2497, "train/lymphocyte": 2483, "train/monocyte": 2478, "train/neutrophil": 2499,
                "test/eosinophil": 623, "test/lymphocyte": 620, "test/monocyte": 620, "test/neutrophil": 624,
            }
        ),
        labels=("eosinophil", "lymphocyte", "monocyte", "neutrophil"),
    ),
    CatalogueEntry(
        name="taleqani-all",
        title="Acute Lymphoblastic Leukemia image dataset, Taleqani Hospital",
        content="3,256 fields with a diagnosis an image: benign, early pre-B, pre-B, pro-B",
        licence="unknown: none was found; measure and report only, do not ship weights",
        citation="Aria M, Ghaderzadeh M, Bashash D, Abolghasemi H, Asadi F, Hosseini A. Acute Lymphoblastic Leukemia (ALL) "
        "image dataset. Kaggle, 2021. doi:10.34740/KAGGLE/DSV/2175623",
        page="https://www.kaggle.com/datasets/mehradaria/leukemia",
        folders=_folders({"original/benign": 504, "original/early": 985, "original/pre": 963, "original/pro": 804}),
        labels=("benign", "early_pre_b", "pre_b", "pro_b"),
    ),
    CatalogueEntry(
        name="munich-aml",
        title="AML-Cytomorphology_LMU",
        content="18,365 single cells of 100 patients with acute myeloid leukaemia and 100 without, fifteen classes",
        licence="CC BY 3.0",
        citation="Matek C, Schwarz S, Marr C, Spiekermann K. A single-cell morphological dataset of leukocytes from AML "
        "patients and non-malignant controls. The Cancer Imaging Archive, 2019. doi:10.7937/tcia.2019.36f5o9ld",
        page="https://doi.org/10.7937/tcia.2019.36f5o9ld",
        folders=_folders(
            {
                "NGS": 8484, "NGB": 109, "LYT": 3937, "LYA": 11, "MON": 1789, "EOS": 424, "BAS": 79, "MYO": 3268,
                "PMO": 70, "PMB": 18, "MYB": 42, "MMZ": 15, "MOB": 26, "EBO": 78, "KSC": 15,
            }
        ),
        labels=(
            "NGS", "NGB", "LYT", "LYA", "MON", "EOS", "BAS", "MYO", "PMO", "PMB", "MYB", "MMZ", "MOB", "EBO", "KSC",
        ),
    ),
    CatalogueEntry(
        name="apl-aml",
        title="Acute promyelocytic and other acute myeloid leukaemias, Johns Hopkins",
        content="single cells of 106 patients, a folder a patient: split by patient",
        licence="unknown: a copyright notice without a grant; measure and report only, do not ship weights",
        citation="Sidhom JW, Siddarthan IJ, Lai BS, et al. Deep learning for diagnosis of acute promyelocytic leukemia via "
        "recognition of genomically imprinted morphologic features. npj Precision Oncology 5:38, 2021.",
        page="https://github.com/sidhomj/DeepAPL",
        folders=(ExpectedFolder("Patient_*", 20000),),
        labels=(
            "blast", "promyelocyte", "myelocyte", "metamyelocyte", "band_neutrophil", "segmented_neutrophil",
            "eosinophil", "basophil", "promonocyte", "monocyte", "lymphocyte", "variant_lymphocyte", "plasma_cell",
            "erythroblast", "smudge_cell", "giant_platelet",
        ),
    ),
    CatalogueEntry(
        name="bccd",
        title="BCCD",
        content="364 peripheral blood fields with boxes (Pascal VOC); many red cells are not labelled",
        licence="MIT",
        citation="Shenggan, Cheng C. BCCD Dataset. GitHub, 2017.",
        page="https://github.com/Shenggan/BCCD_Dataset",
        folders=_folders({"jpegimages": 364}),
        labels=(),
        table=(),
        file=RemoteFile(
            "https://github.com/Shenggan/BCCD_Dataset/archive/862b232accac2e8d4ee2d95738d51195f0476395.zip"
        ),
    ),
)  # fmt: skip

CATALOGUE: Mapping[str, CatalogueEntry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})


def find_entry(name: str) -> CatalogueEntry:
    """Raises DatasetError that lists the names and suggests the nearest."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = get_close_matches(name, CATALOGUE, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise DatasetError(f"no dataset '{name}' in the catalogue; known: {', '.join(CATALOGUE)}.{hint}")
