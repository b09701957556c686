import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.core.boxes import iou_xyxy
from hemascope.errors import SynthSettingsError
from hemascope.synth.field import PaintedField, paint_field
from hemascope.synth.recipes import RECIPES
from hemascope.synth.settings import FieldSettings

SMALL = FieldSettings(width=200, height=151, pixels_per_micron=5.0, red_cell_overlap=0.8, platelet_density=8.0)
EMPTY = FieldSettings(
    nucleated_density=0,
    min_nucleated=0,
    red_cell_density=0,
    platelet_density=0,
    artefact_density=0,
    width=64,
    height=48,
)


def extent_xyxy(inside: np.ndarray) -> list[float]:
    rows, columns = np.nonzero(inside)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def assert_truth_fits(field: PaintedField, width: int, height: int) -> None:
    count = len(field.class_ids)
    assert field.rgb.shape == (height, width, 3)
    assert field.rgb.dtype == np.uint8
    assert field.boxes_xyxy.shape == (count, 4)
    assert field.boxes_xyxy.dtype == np.float32
    assert field.instance_mask.shape == (height, width)
    assert np.array_equal(np.unique(field.instance_mask[field.instance_mask > 0]), np.arange(1, count + 1))
    for label, (box, is_overlapped) in enumerate(zip(field.boxes_xyxy, field.is_overlapped, strict=True), start=1):
        x1, y1, x2, y2 = extent_xyxy(field.instance_mask == label)
        assert 0 <= box[0] <= x1 < x2 <= box[2] <= width
        assert 0 <= box[1] <= y1 < y2 <= box[3] <= height
        if not is_overlapped or field.class_ids[label - 1] != "red_cell":
            assert box.tolist() == [x1, y1, x2, y2]


def test_field_repeats_its_bytes_when_settings_and_seed_are_the_same():
    first, second = paint_field(SMALL, 7), paint_field(SMALL, 7)

    assert first.rgb.tobytes() == second.rgb.tobytes()
    assert first.class_ids == second.class_ids
    assert np.array_equal(first.instance_mask, second.instance_mask)


def test_field_differs_when_the_seed_differs():
    assert not np.array_equal(paint_field(SMALL, 7).rgb, paint_field(SMALL, 8).rgb)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**64 - 1),
    width=st.integers(32, 230),
    height=st.integers(32, 230),
    pixels_per_micron=st.sampled_from([2.0, 4.3, 7.4, 13.0]),
    overlap=st.floats(0, 1),
)
def test_truth_fits_the_picture_at_any_seed_and_size(seed, width, height, pixels_per_micron, overlap):
    painted = paint_field(
        FieldSettings(
            width=width,
            height=height,
            pixels_per_micron=pixels_per_micron,
            red_cell_overlap=overlap,
            red_cell_density=30,
            platelet_density=10,
            artefact_density=4,
        ),
        seed,
    )

    assert_truth_fits(painted, width, height)


def test_default_field_holds_cells_as_a_100x_field_of_normal_blood_does():
    fields = [paint_field(FieldSettings(), seed) for seed in range(2)]

    for field in fields:
        assert_truth_fits(field, 640, 480)
        assert 12 <= field.class_ids.count("red_cell") <= 45
        assert 1 <= sum(class_id in RECIPES for class_id in field.class_ids) <= 6
    boxes = np.concatenate([field.boxes_xyxy for field in fields])
    whole = (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2] < 640) & (boxes[:, 3] < 480)
    is_red = np.array([class_id == "red_cell" for field in fields for class_id in field.class_ids])
    sides = (boxes[whole & is_red, 2:] - boxes[whole & is_red, :2]).mean()
    assert 85 < sides < 105  # 7.2 micrometres at 13 pixels each


def test_field_without_cells_is_an_empty_glass_with_an_empty_truth():
    field = paint_field(EMPTY, 0)

    assert_truth_fits(field, 64, 48)
    assert field.class_ids == ()
    assert field.rgb.reshape(-1, 3).mean(axis=0) == pytest.approx([253, 229, 201], abs=15)


def test_nucleated_cells_are_darker_than_red_cells_and_those_darker_than_the_glass():
    field = paint_field(FieldSettings(), 1)
    green = field.rgb[..., 1].astype(float)
    is_red = np.array([False, *(class_id == "red_cell" for class_id in field.class_ids)])
    is_nucleated = np.array([False, *(class_id in RECIPES for class_id in field.class_ids)])

    nucleated, red, glass = (
        green[is_nucleated[field.instance_mask]].mean(),
        green[is_red[field.instance_mask]].mean(),
        green[field.instance_mask == 0].mean(),
    )
    assert nucleated + 20 < red < glass - 20


def test_red_cells_overlap_only_when_they_may():
    def overlapping(share: float) -> int:
        field = paint_field(FieldSettings(red_cell_density=25, red_cell_overlap=share, pixels_per_micron=8.0), 3)
        reds = field.boxes_xyxy[[class_id == "red_cell" for class_id in field.class_ids]]
        return int((np.triu(iou_xyxy(reds, reds), 1) > 0.08).sum())

    assert overlapping(0.0) == 0
    assert overlapping(1.0) >= 5


def test_negative_seed_is_refused():
    with pytest.raises(SynthSettingsError, match="seed is -1"):
        paint_field(EMPTY, -1)
