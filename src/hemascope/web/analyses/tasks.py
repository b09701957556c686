"""Bodies of detection and recognition jobs. Killed anywhere they start again and skip what is written already."""

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from django.db.models import Q, QuerySet

from hemascope.errors import InputError
from hemascope.imaging.crop import centre_zoom
from hemascope.imaging.decode import ImageSource
from hemascope.imaging.resize import RgbArray
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.web.analyses.actions import recognition_run_start
from hemascope.web.analyses.choices import FieldKind
from hemascope.web.analyses.engines import classifier_of, detector_of
from hemascope.web.analyses.files import cut_cell, keep_cell_pictures, open_field
from hemascope.web.analyses.models import Cell, DetectionRun, Field, RecognitionRun
from hemascope.web.analyses.results import (
    nucleated_boxes,
    store_detections,
    store_end,
    store_recognition,
    store_unreadable,
)
from hemascope.web.analyses.selectors import cells_to_recognise, open_case_locked
from hemascope.web.jobs.body import job
from hemascope.web.jobs.choices import JobStatus
from hemascope.web.jobs.handle import JobHandle


@job()
def detect_cells(handle: JobHandle, *, run_id: str) -> None:
    """Field by field; one that cannot be read is marked and the others go on."""
    run = DetectionRun.objects.select_related("job__requested_by", "case").get(pk=run_id)
    detector = detector_of(run)
    fields = list(run.fields.order_by("pk"))
    for done, field in enumerate(fields):
        handle.progress(done, len(fields))
        if field.examined_by_id != run.pk:
            _detect_in(handle, run, detector, field)
    handle.progress(len(fields), len(fields))
    with handle.finishing():
        store_end(run, Q(detection_run=run), is_last=not run.recognise_with)
        if run.recognise_with:
            by = run.job.requested_by
            recognition_run_start(by=by, case=run.case, bundle=run.recognise_with, only_new=True)


def _detect_in(handle: JobHandle, run: DetectionRun, detector: Detector, field: Field) -> None:
    try:
        with open_field(field) as source:
            found = detector.detect(source)
            boxes, _ = nucleated_boxes(found, detector.classes)
            keep_cell_pictures(field, source, [(x1, y1, x2, y2) for x1, y1, x2, y2 in boxes.tolist()])
    except InputError as error:
        with handle.writing():
            store_unreadable(field, str(error))
    else:
        with handle.writing():
            store_detections(run, field, found, detector.classes)


@job()
def recognise_cells(handle: JobHandle, *, run_id: str) -> None:
    """Batch by batch, across fields; passes again over cells that readers drew or moved meanwhile."""
    run = RecognitionRun.objects.get(pk=run_id)
    work = _Recognition(handle, run, classifier_of(run))
    while True:
        work.do_pass()
        with handle.writing():
            open_case_locked(run.case_id)  # from here on nobody adds a cell before the run has ended
            if not work.rest().exists():
                for field in Field.objects.filter(pk__in=work.unreadable):
                    store_unreadable(field, work.unreadable[field.pk])
                store_end(run, Q(recognition_run=run), is_last=True)
                handle.finish(JobStatus.DONE)
                return


class _Recognition:
    """`unreadable` holds the reason for each field whose cells had to be passed over."""

    def __init__(self, handle: JobHandle, run: RecognitionRun, classifier: Classifier) -> None:
        self.unreadable: dict[int, str] = {}
        self._handle, self._run, self._classifier = handle, run, classifier
        self._read: list[Cell] = []  # whose pixels the classifier took, in order

    def rest(self) -> QuerySet[Cell]:
        return cells_to_recognise(self._run).exclude(field__in=self.unreadable)

    def do_pass(self) -> None:
        cells = list(self.rest())
        total = len(self._read) + len(cells)
        done = len(self._read)
        self._handle.progress(done, total)
        for named in self._classifier.classify_batches(self._crops(cells)):
            with self._handle.writing():
                store_recognition(self._run, self._read[done : done + len(named)], named)
            done += len(named)
            self._handle.progress(done, total)

    def _crops(self, cells: list[Cell]) -> Iterator[RgbArray]:
        for _, members in groupby(cells, key=attrgetter("field_id")):
            group = list(members)
            try:
                with open_field(group[0].field) as source:
                    for cell in group:
                        crop = self._crop(source, cell)
                        self._read.append(cell)
                        yield crop
            except InputError as error:
                self.unreadable[group[0].field_id] = str(error)

    def _crop(self, source: ImageSource, cell: Cell) -> RgbArray:
        """The same square that evaluation shows the network."""
        settings = self._classifier.settings
        if cell.field.kind == FieldKind.CROP:
            return centre_zoom(source.read_region(0, 0, source.width, source.height), settings.whole_image_zoom)
        return cut_cell(source, cell.box_xyxy, settings.crop_context)
