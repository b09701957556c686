from collections.abc import Iterator, Mapping

from django.core.files.uploadedfile import SimpleUploadedFile

from hemascope.web.accounts.models import User
from hemascope.web.patients.models import Patient
from web.patients.builders import make_patient
from web.permission_checks import CLINICAL_ROLES, EVERY_ROLE, Endpoint, permission_checks

IN_A_DEPARTMENT = EVERY_ROLE - {"administrator"}


def patient_of(owner: User) -> Patient:
    return make_patient(owner)


class Upload(Mapping[str, object]):
    """A form with one file, which can be read once: each test gets a new one."""

    def __getitem__(self, key: str) -> object:
        return SimpleUploadedFile("patients.csv", b"hospital_number,name\nH1,Lin\n")

    def __iter__(self) -> Iterator[str]:
        return iter(["file"])

    def __len__(self) -> int:
        return 1


TestPatients = permission_checks(
    Endpoint("get", "patients", EVERY_ROLE),
    Endpoint("get", "patients/{pk}", EVERY_ROLE, row=patient_of, hidden_from=IN_A_DEPARTMENT),
    Endpoint("post", "patients", CLINICAL_ROLES, body={"hospital_number": "H1", "name": "Lin"}),
    Endpoint(
        "patch",
        "patients/{pk}",
        CLINICAL_ROLES,
        body={"version": 1, "phone": "1"},
        row=patient_of,
        hidden_from=CLINICAL_ROLES,
    ),
    Endpoint("delete", "patients/{pk}", CLINICAL_ROLES, row=patient_of, hidden_from=CLINICAL_ROLES),
    Endpoint("get", "patients/export", CLINICAL_ROLES),
    Endpoint("post", "patients/import", CLINICAL_ROLES, body=Upload(), format="multipart"),
)
