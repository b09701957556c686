"""Bodies of detection and recognition jobs. Killed anywhere they start again and skip what is written already."""

from django.db.models import Q

from hemascope.errors import InputError
from hemascope.inference.detector import Detector
from hemascope.web.analyses.actions import recognition_run_start
from hemascope.web.analyses.engines import classifier_of, detector_of
from hemascope.web.analyses.files import keep_cell_pictures, open_field
from hemascope.web.analyses.models import DetectionRun, Field, RecognitionRun
from hemascope.web.analyses.recognition import Recognition, recognise_together
from hemascope.web.analyses.results import nucleated_boxes, store_detections, store_end, store_unreadable
from hemascope.web.analyses.selectors import jobs_to_take_along
from hemascope.web.jobs.body import job
from hemascope.web.jobs.execution import taken_along
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
    """In batches across fields and cases: short runs that wait for the same network are taken along."""
    run = RecognitionRun.objects.select_related("job").get(pk=run_id)
    with taken_along(jobs_to_take_along(run)) as others:
        classifier = classifier_of(run)
        parts = [Recognition(handle, run, classifier)]
        parts += [Recognition(other, RecognitionRun.objects.get(job=other.job_id), classifier) for other in others]
        recognise_together(classifier, parts)
