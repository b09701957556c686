from pathlib import Path

import numpy as np
import pytest
import tifffile

from builders import BLUE, DARK, GRID_PX, RED, class_colour, paint_squares, tiny_bundle
from hemascope.imaging.crop import cut_square
from hemascope.imaging.decode import ArrayImage, DecodeLimits, open_image
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.inference.pipeline import Pipeline, cut_window


def make_pipeline(folder: Path, crop_context: float = 1.0) -> Pipeline:
    detector = Detector(load_bundle(tiny_bundle(folder / "detector", "detection")))
    changes = {"classification": {"crop_context": crop_context}}
    return Pipeline(detector, Classifier(load_bundle(tiny_bundle(folder / "classifier", "classification", **changes))))


def test_pipeline_classifies_only_the_nucleated_cells(tmp_path: Path) -> None:
    purple, black = class_colour(9), class_colour(0)
    field = paint_squares(640, 480, [(2, 3, purple), (5, 5, RED), (9, 9, BLUE), (12, 4, black)])
    findings = make_pipeline(tmp_path).run(ArrayImage(field))
    assert findings.detection_classes == ("wbc", "rbc", "platelet")
    assert len(findings.detections) == 4
    nucleated = findings.detections.select(findings.nucleated_index)
    assert set(nucleated.class_ids.tolist()) == {0}
    cells = {tuple(box[:2].tolist()): best for box, best in zip(nucleated.boxes_xyxy, findings.cells.best, strict=True)}
    assert cells == {
        (2 * GRID_PX, 3 * GRID_PX): findings.cells.classes[9],
        (12 * GRID_PX, 4 * GRID_PX): findings.cells.classes[0],
    }


def test_pipeline_crops_are_squares_of_native_pixels_around_the_cell(tmp_path: Path) -> None:
    field = paint_squares(640, 480, [(0, 0, DARK)])
    findings = make_pipeline(tmp_path, crop_context=1.5).run(ArrayImage(field))
    (crop,) = findings.crops
    assert crop.shape == (48, 48, 3)
    assert (crop[:40, :40] == DARK).all()  # the border of the field repeats outside it
    assert not (crop[41:] == DARK).any()


def test_pipeline_has_no_cells_when_the_field_is_empty(tmp_path: Path) -> None:
    findings = make_pipeline(tmp_path).run(ArrayImage(paint_squares(640, 480, [])))
    assert len(findings.detections) == 0
    assert findings.crops == ()
    assert findings.cells.probabilities.shape == (0, 11)


def test_pipeline_finds_the_same_when_the_image_is_streamed(tmp_path: Path) -> None:
    field = paint_squares(1600, 1280, [(3, 3, DARK), (30, 20, DARK), (49, 39, DARK), (10, 35, RED)])
    tifffile.imwrite(tmp_path / "slide.tif", field, photometric="rgb", tile=(256, 256), compression="zlib")
    pipeline = make_pipeline(tmp_path, crop_context=1.3)
    whole = pipeline.run(ArrayImage(field))
    with open_image(tmp_path / "slide.tif", DecodeLimits(max_pixels=1000)) as source:
        streamed = pipeline.run(source)
    assert len(streamed.crops) == 3
    assert np.array_equal(streamed.detections.boxes_xyxy, whole.detections.boxes_xyxy)
    assert all(np.array_equal(a, b) for a, b in zip(streamed.crops, whole.crops, strict=True))
    assert streamed.cells.best == whole.cells.best


@pytest.mark.parametrize("window", [(5, 5, 20, 20), (-4, -6, 10, 8), (70, 50, 90, 70), (-10, -10, 100, 100)])
def test_cut_window_equals_cut_square_when_the_image_is_in_memory(
    window: tuple[int, int, int, int], rng: np.random.Generator
) -> None:
    rgb = rng.integers(0, 255, (60, 80, 3), np.uint8)
    assert np.array_equal(cut_window(ArrayImage(rgb), window), cut_square(rgb, window))
