"""Images to boxes: whole when they fit, else tile by tile."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.core.detections import Detections
from hemascope.core.suppression import select_detections
from hemascope.errors import BundleError
from hemascope.imaging.decode import ImageSource
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import Letterbox
from hemascope.imaging.tiles import Window, merge_tiles, tile_windows
from hemascope.inference.bundle import ModelBundle
from hemascope.inference.session import open_session
from hemascope.inference.stage_times import StageTimes


@dataclass(frozen=True, slots=True)
class DetectorInput:
    """An image, or a window of one, as the network takes it: `batch` `(1, 3, height, width)`."""

    letterbox: Letterbox
    batch: NDArray[np.float32]


class Detector:
    """Finds cells with a detection bundle; `score_threshold` (0..1) overrides all thresholds of the manifest.

    Raises BundleError for a bundle of another task, and what `open_session` raises.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        score_threshold: float | None = None,
        times: StageTimes | None = None,
    ) -> None:
        settings = bundle.manifest.detection
        if settings is None:
            raise BundleError(f"{bundle.folder} is a {bundle.manifest.task} bundle; expected a detection bundle")
        self.classes = bundle.manifest.classes
        self.manifest = bundle.manifest
        self.times = times or StageTimes()
        self._settings = settings
        self._thresholds = np.array(
            [settings.threshold_of(name) if score_threshold is None else score_threshold for name in self.classes],
            np.float32,
        )
        self._session = open_session(bundle, threads=threads, providers=providers)
        self.providers = self._session.providers

    def prepare(self, source: ImageSource) -> DetectorInput | None:
        """What `detect` does before the network runs; another thread may do it. None where `detect` works in tiles."""
        if max(source.width, source.height) > self._settings.whole_up_to_px:
            return None
        return self._prepare_window(source, (0, 0, source.width, source.height))

    def detect(self, source: ImageSource, prepared: DetectorInput | None = None) -> Detections:
        """Boxes in pixels of the image, cut at its borders, best score first; `prepared` saves preparing it here.

        An image with a longer side above `whole_up_to_px` is read and examined one tile at a time.
        """
        settings = self._settings
        whole = prepared or self.prepare(source)
        if whole is not None:
            return self._detect_prepared(whole)
        windows = tile_windows(source.width, source.height, settings.tile_px, settings.tile_overlap_px)
        parts = [self._detect_window(source, window) for window in windows]
        with self.times.measure("merge tiles"):
            return merge_tiles(parts, windows, settings.nms_iou)

    def _detect_window(self, source: ImageSource, window: Window) -> Detections:
        found = self._detect_prepared(self._prepare_window(source, window))
        offset = np.array(window[:2] * 2, np.float32)
        return Detections(found.boxes_xyxy + offset, found.scores, found.class_ids)

    def _prepare_window(self, source: ImageSource, window: Window) -> DetectorInput:
        preprocessing = self.manifest.preprocessing
        with self.times.measure("read"):
            rgb = source.read_region(*window)
        with self.times.measure("preprocess"):
            letterbox = Letterbox.plan(rgb.shape[1], rgb.shape[0], preprocessing.input_size, preprocessing.stride)
            return DetectorInput(
                letterbox, normalise_batch([letterbox.apply(rgb)], preprocessing.mean, preprocessing.std)
            )

    def _detect_prepared(self, prepared: DetectorInput) -> Detections:
        with self.times.measure("detection network"):
            boxes, scores = self._session.run(prepared.batch)
        with self.times.measure("nms"):
            found = select_detections(
                boxes[0],
                scores[0],
                thresholds=self._thresholds,
                nms_iou=self._settings.nms_iou,
                max_candidates=self._settings.max_candidates,
                max_detections=self._settings.max_detections,
                box_voting=self._settings.box_voting,
            )
            boxes_xyxy = prepared.letterbox.boxes_to_image(found.boxes_xyxy)
            # a box in the padding is cut to nothing
            is_inside = np.flatnonzero((boxes_xyxy[:, 2:] > boxes_xyxy[:, :2]).all(axis=1))
            return Detections(boxes_xyxy, found.scores, found.class_ids).select(is_inside)
