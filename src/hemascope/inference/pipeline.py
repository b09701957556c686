"""One field through detection, cropping and classification."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hemascope.core.boxes import FloatArray, IntArray
from hemascope.core.detections import Detections
from hemascope.imaging.crop import crop_window_xyxy, cut_square
from hemascope.imaging.decode import ImageSource
from hemascope.imaging.resize import RgbArray
from hemascope.inference.classifier import ClassifiedCells, Classifier
from hemascope.inference.detector import Detector, DetectorInput

NUCLEATED = frozenset({"wbc"})  # detector classes that go on to the classifier


@dataclass(frozen=True, slots=True)
class FieldFindings:
    """All that was found in one field.

    `nucleated_index` `(k,)` names the detections that were classified; the `k` squares of `crops` (native resolution)
    and rows of `cells` belong to them, in this order.
    """

    detections: Detections
    detection_classes: tuple[str, ...]
    nucleated_index: IntArray
    crops: tuple[RgbArray, ...]
    cells: ClassifiedCells


class Pipeline:
    """Detector and classifier in a row; nothing is kept between fields."""

    def __init__(self, detector: Detector, classifier: Classifier) -> None:
        self._detector = detector
        self._classifier = classifier
        self._is_nucleated = np.array([name in NUCLEATED for name in detector.classes])

    def prepare(self, source: ImageSource) -> DetectorInput | None:
        """What `run` does before the first network; as `Detector.prepare`."""
        return self._detector.prepare(source)

    def run(self, source: ImageSource, prepared: DetectorInput | None = None) -> FieldFindings:
        """Examines one field; `prepared` saves preparing it here."""
        detections = self._detector.detect(source, prepared)
        nucleated_index = np.flatnonzero(self._is_nucleated[detections.class_ids])
        with self._detector.times.measure("crop"):
            crops = tuple(self._crops(source, detections.boxes_xyxy[nucleated_index]))
        return FieldFindings(
            detections, self._detector.classes, nucleated_index, crops, self._classifier.classify(crops)
        )

    def _crops(self, source: ImageSource, boxes_xyxy: FloatArray) -> Iterator[RgbArray]:
        for box in boxes_xyxy:
            yield cut_window(source, crop_window_xyxy(box, self._classifier.settings.crop_context))


def cut_window(source: ImageSource, window_xyxy: tuple[int, int, int, int]) -> RgbArray:
    """As `cut_square`, but of an image source, of which only the window is read."""
    x1, y1, x2, y2 = window_xyxy
    left, top = max(x1, 0), max(y1, 0)
    inside = source.read_region(left, top, min(x2, source.width), min(y2, source.height))
    return cut_square(inside, (x1 - left, y1 - top, x2 - left, y2 - top))
