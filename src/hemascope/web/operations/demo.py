"""An installation to click around in: invented people, painted smears, nothing of anybody real."""

import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from PIL import Image

from hemascope.errors import SettingsError
from hemascope.service.output_folder import write_private
from hemascope.synth.smear import SmearSettings, paint_smear, preset_field
from hemascope.web.accounts.actions import department_create, generated_password, user_create
from hemascope.web.accounts.choices import Sex
from hemascope.web.accounts.models import Department, User
from hemascope.web.analyses.actions import detection_run_start, fields_upload
from hemascope.web.analyses.choices import FieldKind
from hemascope.web.api.roles import Role
from hemascope.web.cases.actions import case_assign, case_create
from hemascope.web.cases.choices import Specimen
from hemascope.web.installation import FirstAdministrator
from hemascope.web.patients.actions import patient_create

ACCOUNTS_FILE = "demo-accounts.txt"
_PAINTED_MICRONS_PER_PIXEL = 1 / 13
_FIELDS = 6  # of each case


@dataclass(frozen=True, slots=True)
class _DemoCase:
    name: str
    sex: Sex
    born: date
    specimen: Specimen
    preset: str  # of `hemascope.synth`
    question: str
    measured: dict[str, float] = field(default_factory=dict)


_CASES = (
    _DemoCase(
        "王小明", Sex.MALE, date(1986, 5, 4), Specimen.PERIPHERAL_BLOOD, "peripheral-blood-normal",
        "Routine smear before an operation.",
        {"wbc_e9_per_l": 6.4, "haemoglobin_g_per_l": 148, "platelets_e9_per_l": 231},
    ),
    _DemoCase(
        "Anna Example", Sex.FEMALE, date(1957, 11, 30), Specimen.PERIPHERAL_BLOOD, "peripheral-blood-leukaemic",
        "Fever and bruises for two weeks. Blasts?",
        {"wbc_e9_per_l": 48.2, "haemoglobin_g_per_l": 74, "platelets_e9_per_l": 21},
    ),
    _DemoCase(
        "李娜", Sex.FEMALE, date(2017, 2, 8), Specimen.PERIPHERAL_BLOOD, "peripheral-blood-lymphoblastic",
        "Child with bone pain and pallor.",
        {"wbc_e9_per_l": 31.0, "haemoglobin_g_per_l": 82, "platelets_e9_per_l": 40},
    ),
    _DemoCase(
        "Jan Muster", Sex.MALE, date(1949, 8, 19), Specimen.BONE_MARROW, "bone-marrow",
        "Anaemia that nothing explains.",
        {"haemoglobin_g_per_l": 91},
    ),
)  # fmt: skip


def demo_make(data: Path, administrator: FirstAdministrator) -> None:
    """Fills a new installation through the same actions as its users; the runs wait for the worker.

    The passwords are kept in `demo-accounts.txt`, which a real installation would never do.
    """
    by = User.objects.get(username=administrator.username)
    accounts = {administrator.username: administrator.password}
    department = department_create(by=by, name="Hematology")
    people = {
        role: _user(by, accounts, role.value, role, department) for role in (Role.DOCTOR, Role.TECHNICIAN, Role.VIEWER)
    }
    elsewhere = department_create(by=by, name="Paediatrics")
    _user(by, accounts, "paediatrician", Role.DOCTOR, elsewhere)  # sees none of the cases: another department
    for number, case in enumerate(_CASES, start=1):
        _case(case, number, technician=people[Role.TECHNICIAN], doctor=people[Role.DOCTOR])
    write_private(data / ACCOUNTS_FILE, "".join(f"{name}  {password}\n" for name, password in accounts.items()))
    connection.close()


def demo_accounts(data: Path) -> str:
    """Names and passwords, one pair a line. Raises SettingsError where it is another kind of folder."""
    path = data / ACCOUNTS_FILE
    if not path.is_file():
        raise SettingsError(f"'{data}' holds an installation that is no demonstration, or half of one; choose another")
    return path.read_text(encoding="utf-8")


def _user(by: User, accounts: dict[str, str], username: str, role: Role, department: Department) -> User:
    accounts[username] = generated_password()
    email = f"{username}@demo.invalid"
    return user_create(
        by=by, username=username, password=accounts[username], role=role, email=email, department=department
    )


def _case(demo: _DemoCase, number: int, *, technician: User, doctor: User) -> None:
    patient = patient_create(
        by=technician,
        hospital_number=f"DEMO-{number:04d}",
        name=demo.name,
        sex=demo.sex,
        birth_date=demo.born,
        keywords="painted smear",
    )
    measured: dict[str, Any] = demo.measured
    case = case_create(
        by=technician,
        patient=patient,
        specimen=demo.specimen,
        collected_on=timezone.localdate() - timedelta(days=number),
        clinical_question=demo.question,
        **measured,
    )
    smear = paint_smear(SmearSettings(preset_field(demo.preset), _FIELDS, seed=number))
    files = [SimpleUploadedFile(f"field_{index}.jpg", _jpeg(painted.rgb)) for index, painted in enumerate(smear, 1)]
    fields_upload(
        by=technician, case=case, files=files, kind=FieldKind.FIELD, microns_per_pixel=_PAINTED_MICRONS_PER_PIXEL
    )
    detection_run_start(by=technician, case=case)
    case_assign(by=technician, case=case, version=case.version, reader=doctor)


def _jpeg(rgb: Any) -> bytes:
    content = io.BytesIO()
    Image.fromarray(rgb).save(content, "JPEG", quality=92)
    return content.getvalue()
