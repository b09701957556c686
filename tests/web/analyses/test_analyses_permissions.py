from hemascope.web.accounts.models import User
from hemascope.web.analyses.actions import detection_run_start, field_add, recognition_run_start
from hemascope.web.analyses.models import Cell, DetectionRun, Field, RecognitionRun
from hemascope.web.analyses.uploads import received_files
from hemascope.web.cases.models import Case
from web.analyses.builders import as_file, make_cell, make_field, picture_bytes
from web.cases.builders import make_case
from web.client import Client
from web.permission_checks import CLINICAL_ROLES, EVERY_ROLE, Endpoint, permission_checks

HIDDEN = EVERY_ROLE - {"administrator"}


def real_field(owner: User, kind: str = "field") -> Field:
    [received] = received_files([as_file(picture_bytes())])
    return field_add(by=owner, case=make_case(owner), received=received, kind=kind, microns_per_pixel=None)[0]


def case_with_field(owner: User) -> Case:
    return make_field(make_case(owner)).case


def real_cell(owner: User) -> Cell:
    return make_cell(real_field(owner), x1=10, y1=10, x2=30, y2=30)


def detection_run(owner: User) -> DetectionRun:
    return detection_run_start(by=owner, case=case_with_field(owner))


def recognition_run(owner: User) -> RecognitionRun:
    return recognition_run_start(by=owner, case=make_case(owner))


TestFields = permission_checks(
    Endpoint("get", "cases/{pk}/fields", EVERY_ROLE, row=make_case, hidden_from=HIDDEN),
    Endpoint("get", "cases/{pk}/crops", EVERY_ROLE, row=make_case, hidden_from=HIDDEN),
    Endpoint("get", "fields/{pk}", EVERY_ROLE, row=real_field, hidden_from=HIDDEN),
    Endpoint("get", "fields/{pk}/image", EVERY_ROLE, row=real_field, hidden_from=HIDDEN),
    Endpoint("get", "fields/{pk}/thumbnail", EVERY_ROLE, row=real_field, hidden_from=HIDDEN),
    Endpoint("get", "fields/{pk}/cells", EVERY_ROLE, row=real_field, hidden_from=HIDDEN),
    Endpoint("delete", "fields/{pk}", CLINICAL_ROLES, row=real_field, hidden_from=CLINICAL_ROLES),
    Endpoint("get", "cells/{pk}/picture", EVERY_ROLE, row=real_cell, hidden_from=HIDDEN),
)

TestRuns = permission_checks(
    Endpoint("get", "cases/{pk}/detection-runs", EVERY_ROLE, row=make_case, hidden_from=HIDDEN),
    Endpoint("post", "cases/{pk}/detection-runs", CLINICAL_ROLES, row=case_with_field, hidden_from=CLINICAL_ROLES),
    Endpoint("get", "detection-runs/{pk}", EVERY_ROLE, row=detection_run, hidden_from=HIDDEN),
    Endpoint("post", "detection-runs/{pk}/cancel", CLINICAL_ROLES, row=detection_run, hidden_from=CLINICAL_ROLES),
    Endpoint("get", "cases/{pk}/recognition-runs", EVERY_ROLE, row=make_case, hidden_from=HIDDEN),
    Endpoint("post", "cases/{pk}/recognition-runs", CLINICAL_ROLES, row=make_case, hidden_from=CLINICAL_ROLES),
    Endpoint("get", "recognition-runs/{pk}", EVERY_ROLE, row=recognition_run, hidden_from=HIDDEN),
    Endpoint("post", "recognition-runs/{pk}/cancel", CLINICAL_ROLES, row=recognition_run, hidden_from=CLINICAL_ROLES),
)


class UploadEndpoint(Endpoint):
    """Each request brings a picture of its own: a file can be read once."""

    def ask(self, person: User | None, owner: User) -> int:
        address = f"cases/{make_case(owner).pk}/fields"
        return Client(person).post(address, {"files": [as_file(picture_bytes())]}, format="multipart")[0]


TestUpload = permission_checks(
    UploadEndpoint("post", "cases/{pk}/fields", CLINICAL_ROLES, hidden_from=CLINICAL_ROLES),
)
