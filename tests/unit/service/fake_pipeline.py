"""Painted field files and a pipeline that finds the same cells in each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.core.detections import Detections
from hemascope.core.manifest import ClassificationSettings
from hemascope.imaging.crop import crop_window_xyxy, cut_square
from hemascope.imaging.decode import ImageSource
from hemascope.inference.classifier import ClassifiedCells
from hemascope.inference.detector import DetectorInput
from hemascope.inference.pipeline import FieldFindings
from hemascope.service.summary import ModelIdentity

CLASSES = ("lymphocyte", "segmented_neutrophil", "erythroblast")
MODELS = (
    ModelIdentity(
        task="detection", name="tiny-detector", version="1", sha256="a" * 64, architecture="tiny", precision="fp32",
        classes=("wbc", "rbc", "platelet"), thresholds={"score": 0.5}, licence="Apache-2.0",
    ),
    ModelIdentity(
        task="classification", name="tiny-classifier", version="1", sha256="b" * 64, architecture="tiny",
        precision="fp32", classes=CLASSES, thresholds={"probability": 0.5}, licence="Apache-2.0",
    ),
)  # fmt: skip
BOXES_XYXY = ((8, 8, 30, 30), (40, 10, 60, 30), (10, 40, 20, 50), (60, 50, 79, 63), (70, 5, 75, 9))
BOX_CLASSES = (0, 0, 1, 0, 2)  # three white cells, a red one, a platelet
LOGITS = ((4.0, 0.0, 0.0), (0.0, 3.0, 1.0), (0.3, 0.2, 0.1))  # sure, fairly sure, unidentified


@dataclass
class FakePipeline:
    """`before_run` may break things at the moment a field is examined."""

    before_run: Callable[[int], None] = lambda _number: None
    runs: list[tuple[int, int]] = field(default_factory=list)

    def prepare(self, _source: ImageSource) -> DetectorInput | None:
        return None

    def run(self, source: ImageSource, _prepared: DetectorInput | None = None) -> FieldFindings:
        self.before_run(len(self.runs))
        self.runs.append((source.width, source.height))
        rgb = source.read_region(0, 0, source.width, source.height)
        found = Detections(
            np.array(BOXES_XYXY, np.float32), np.linspace(0.9, 0.6, 5, dtype=np.float32), np.array(BOX_CLASSES)
        )
        white = np.flatnonzero(found.class_ids == 0)
        crops = tuple(cut_square(rgb, crop_window_xyxy(found.boxes_xyxy[i], 1.2)) for i in white)
        settings = ClassificationSettings(crop_context=1.2, min_probability=0.5)
        cells = ClassifiedCells.from_logits(np.array(LOGITS, np.float32), settings, CLASSES)
        return FieldFindings(found, ("wbc", "rbc", "platelet"), white, crops, cells)


def paint_field(path: Path, seed: int = 0) -> Path:
    """An 80 x 64 picture, written in the format its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path
