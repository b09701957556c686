import pytest

from hemascope.errors import DatasetError
from hemascope.hematology.dataset_labels import DATASET_LABELS, canonical_class
from hemascope.hematology.taxonomy import DETECTION_CLASSES, TAXONOMY, coarse_class


@pytest.mark.parametrize(
    ("dataset", "labels", "classes"),
    [
        ("bmcd-11", 11, 11),
        ("munich-15", 15, 15),
        ("marrow-21", 21, 21),
        ("pbc-8", 8, 8),
        ("pbc-11", 23, 13),  # eleven names, eleven prefixes (platelet is both), two prefixes without a stage
        ("kaggle-4", 4, 4),
        ("apl-aml", 16, 16),
        ("txl-pbc", 6, 3),
    ],
)
def test_dataset_labels_cover_the_set_and_lead_into_the_taxonomy(dataset: str, labels: int, classes: int) -> None:
    mapping = DATASET_LABELS[dataset]

    assert (len(mapping), len(set(mapping.values()))) == (labels, classes)
    assert set(mapping.values()) <= set(DETECTION_CLASSES if dataset == "txl-pbc" else TAXONOMY)


@pytest.mark.parametrize(
    ("dataset", "label", "class_id"),
    [
        ("bmcd-11", "Prim", "blast"),
        ("bmcd-11", "Red", "erythroblast"),  # nucleated red cells
        ("bmcd-11", "Late", "metamyelocyte"),
        ("bmcd-11", "Rods", "band_neutrophil"),
        ("bmcd-11", "Lobu", "segmented_neutrophil"),
        ("munich-15", "PMB", "abnormal_promyelocyte"),
        ("munich-15", "KSC", "smudge_cell"),
        ("marrow-21", "FGC", "faggot_cell"),
        ("marrow-21", "NIF", "unidentified"),
        ("pbc-8", "ig", "immature_granulocyte"),
        ("pbc-11", "BNE", "band_neutrophil"),
        ("pbc-11", "Band Neutrophil", "band_neutrophil"),
        ("pbc-11", " segmented-neutrophil ", "segmented_neutrophil"),
        ("kaggle-4", "NEUTROPHIL", "neutrophil"),
        ("apl-aml", "variant_lymphocyte", "atypical_lymphocyte"),
        ("txl-pbc", "0", "wbc"),
    ],
)
def test_canonical_class_reads_a_label_however_it_is_written(dataset: str, label: str, class_id: str) -> None:
    assert canonical_class(dataset, label) == class_id


def test_canonical_class_of_pbc_8_is_the_coarse_class_of_pbc_11() -> None:
    assert set(DATASET_LABELS["pbc-8"].values()) == {coarse_class(c) for c in DATASET_LABELS["pbc-11"].values()}


def test_canonical_class_names_labels_and_the_nearest_when_label_is_unknown() -> None:
    with pytest.raises(
        DatasetError, match=r"dataset kaggle-4 has no label 'neutrofil' \(did you mean 'neutrophil'\?\)"
    ):
        canonical_class("kaggle-4", "neutrofil")


def test_canonical_class_names_datasets_when_dataset_is_unknown() -> None:
    with pytest.raises(DatasetError, match=r"unknown dataset 'pbc-12'.*allowed: bmcd-11, munich-15"):
        canonical_class("pbc-12", "BNE")
