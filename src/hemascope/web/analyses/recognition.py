"""Naming the cells of several cases in the same batches, while each case keeps its own job, progress and fate."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter, itemgetter

from django.db.models import Q, QuerySet

from hemascope.errors import InputError
from hemascope.imaging.crop import centre_zoom
from hemascope.imaging.decode import ImageSource
from hemascope.imaging.resize import RgbArray
from hemascope.inference.classifier import ClassifiedCells, Classifier
from hemascope.web.analyses.choices import FieldKind
from hemascope.web.analyses.files import cut_cell, open_field
from hemascope.web.analyses.models import Cell, Field, RecognitionRun
from hemascope.web.analyses.results import store_end, store_recognition, store_unreadable
from hemascope.web.analyses.selectors import cells_to_recognise, open_case_locked
from hemascope.web.jobs.choices import JobStatus
from hemascope.web.jobs.execution import failing_alone
from hemascope.web.jobs.handle import JobHandle


class Recognition:
    """One run's part of the work; it is open until the run has ended, failed or was cancelled."""

    def __init__(self, handle: JobHandle, run: RecognitionRun, classifier: Classifier) -> None:
        self.is_open = True
        self._handle, self._run, self._settings = handle, run, classifier.settings
        self._unreadable: dict[int, str] = {}  # the reason for each field whose cells had to be passed over
        self._done = self._total = 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """An error inside is the end of this part, and of no other."""
        with failing_alone(self._handle):
            try:
                yield
            except Exception:
                self.is_open = False
                raise

    def crops(self) -> Iterator[tuple[Cell, RgbArray]]:
        """Every cell that is still to be named, with its pixels."""
        cells = list(self._rest())
        self._total = self._done + len(cells)
        self._handle.progress(self._done, self._total)
        for _, members in groupby(cells, key=attrgetter("field_id")):
            group = list(members)
            if not self.is_open:  # failed with an earlier batch
                return
            try:
                with open_field(group[0].field) as source:
                    for cell in group:
                        yield cell, self._crop(source, cell)
            except InputError as error:
                self._unreadable[group[0].field_id] = str(error)

    def store(self, cells: Sequence[Cell], named: ClassifiedCells) -> None:
        with self._handle.writing():
            store_recognition(self._run, cells, named)
        self._done += len(cells)
        self._handle.progress(self._done, self._total)

    def end(self) -> None:
        """Stays open where readers drew or moved cells meanwhile."""
        with self._handle.writing():
            open_case_locked(self._run.case_id)  # from here on nobody adds a cell before the run has ended
            if self._rest().exists():
                return
            for field in Field.objects.filter(pk__in=self._unreadable):
                store_unreadable(field, self._unreadable[field.pk])
            store_end(self._run, Q(recognition_run=self._run), is_last=True)
            self._handle.finish(JobStatus.DONE)
        self.is_open = False

    def _rest(self) -> QuerySet[Cell]:
        return cells_to_recognise(self._run).exclude(field__in=self._unreadable)

    def _crop(self, source: ImageSource, cell: Cell) -> RgbArray:
        """The same square that evaluation shows the network."""
        if cell.field.kind == FieldKind.CROP:
            whole = source.read_region(0, 0, source.width, source.height)
            return centre_zoom(whole, self._settings.whole_image_zoom)
        return cut_cell(source, cell.box_xyxy, self._settings.crop_context)


def recognise_together(classifier: Classifier, parts: Sequence[Recognition]) -> None:
    """Passes again over cells that readers drew or moved meanwhile. Raises what the network raises."""
    while parts := [part for part in parts if part.is_open]:
        _do_pass(classifier, parts)
        for part in parts:
            if part.is_open:
                with part.alone():
                    part.end()


def _do_pass(classifier: Classifier, parts: Sequence[Recognition]) -> None:
    read: deque[tuple[Recognition, Cell]] = deque()  # whose pixels the classifier took, in order

    def crops() -> Iterator[RgbArray]:
        for part in parts:
            with part.alone():
                for cell, crop in part.crops():
                    read.append((part, cell))
                    yield crop

    for named in classifier.classify_batches(crops()):
        batch = [read.popleft() for _ in range(len(named))]
        start = 0
        for part, members in groupby(batch, key=itemgetter(0)):
            cells = [cell for _, cell in members]
            rows = named.rows(start, start := start + len(cells))
            if part.is_open:
                with part.alone():
                    part.store(cells, rows)
