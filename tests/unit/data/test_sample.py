from pathlib import Path

import numpy as np
import pytest

from hemascope.data.sample import FieldDataset, FieldSample
from hemascope.errors import DatasetError

BOXES = np.arange(12, dtype=np.float32).reshape(3, 4)


def dataset(*class_ids: int) -> FieldDataset:
    ids = np.array(class_ids, np.int64)
    return FieldDataset(
        "discs", ("wbc", "rbc", "platelet"), (FieldSample(Path("a"), BOXES[: len(ids)], ids, "s", "g"),)
    )


def test_kept_classes_are_numbered_in_the_order_asked_for() -> None:
    kept = dataset(0, 2, 1).keep_classes(("platelet", "wbc"))
    assert kept.classes == ("platelet", "wbc")
    assert kept.samples[0].class_ids.tolist() == [1, 0]
    assert kept.samples[0].boxes_xyxy.tolist() == BOXES[[0, 1]].tolist()


@pytest.mark.parametrize("class_ids", [(), (1, 1)], ids=["empty field", "none of the class"])
def test_field_without_a_kept_cell_stays_as_background(class_ids: tuple[int, ...]) -> None:
    sample = dataset(*class_ids).keep_classes(("wbc",)).samples[0]
    assert (sample.boxes_xyxy.shape, sample.class_ids.shape) == ((0, 4), (0,))


@pytest.mark.parametrize("classes", [(), ("yeast",), ("wbc", "wbc")], ids=["none", "unknown", "twice"])
def test_classes_that_cannot_be_kept_are_refused(classes: tuple[str, ...]) -> None:
    with pytest.raises(DatasetError, match=r"expected different ones of \['wbc', 'rbc', 'platelet'\] of discs"):
        dataset(0).keep_classes(classes)
