"""A file of patients, checked row by row before anything is written."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from hemascope.errors import ConflictError
from hemascope.web.accounts.models import User
from hemascope.web.patients.actions import patients_create
from hemascope.web.patients.choices import ImportMode
from hemascope.web.patients.models import Patient, normal_number
from hemascope.web.patients.selectors import keys_of_numbers
from hemascope.web.patients.sheets.columns import birth_date_of, fields_of, sex_of
from hemascope.web.patients.sheets.reading import Row, read_sheet

_CHECKED_BEFORE = ("created_by", "department")


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row cannot be imported; `row` as the spreadsheet numbers it, from 1 with the header."""

    row: int
    field: str
    value: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckedFile:
    ignored_columns: list[str]
    row_count: int
    patients: list[Patient]  # of the rows without fault, not saved
    faults: list[RowFault]


def patients_import(*, by: User, content: bytes, mode: str) -> tuple[CheckedFile, int]:
    """What the file holds, and how many patients were imported: none in `ImportMode.PREVIEW`.

    Raises SheetError for a file that is no table, and ConflictError in `ImportMode.ALL` where a row has a fault.
    """
    checked = check_file(content, by=by)
    if mode == ImportMode.PREVIEW or not checked.patients:
        return checked, 0
    if mode == ImportMode.ALL and checked.faults:
        first = checked.faults[0]
        raise ConflictError(
            _(
                "row %(row)s cannot be imported (%(field)s: %(fault)s), so none was; correct the file or "
                "import the valid rows only"
            )
            % {"row": first.row, "field": first.field, "fault": first.message}
        )
    patients_create(by=by, patients=checked.patients, source_sha256=hashlib.sha256(content).hexdigest())
    return checked, len(checked.patients)


def check_file(content: bytes, *, by: User) -> CheckedFile:
    """Every row with all of its faults. Raises SheetError."""
    sheet = read_sheet(content)
    fields = fields_of(sheet.header)
    patients: list[Patient] = []
    faults: list[RowFault] = []
    column = fields.index("hospital_number")
    numbers = [normal_number(cells[column]) for _, cells in sheet.rows if column < len(cells)]
    row_of: dict[str, int | None] = dict.fromkeys(keys_of_numbers(numbers))  # None: of a patient, not of this file
    for row in sheet.rows:
        patient, found = _check_row(row, fields, by)
        found += _duplicate(row[0], patient, row_of)
        row_of.setdefault(patient.hospital_number, row[0])
        faults += found
        if not found:
            patients.append(patient)
    ignored = [name for name, field in zip(sheet.header, fields, strict=True) if field is None and name]
    return CheckedFile(ignored, len(sheet.rows), patients, faults)


def _check_row(row: Row, fields: Sequence[str | None], by: User) -> tuple[Patient, list[RowFault]]:
    number, cells = row
    given = {field: cell for field, cell in zip(fields, cells, strict=False) if field}
    faults: list[RowFault] = []
    patient = Patient(created_by=by, department=by.department)
    for field, text in given.items():
        try:
            setattr(patient, field, _understood(field, text))
        except ValidationError as error:
            faults += _faults(number, field, text, error)
    try:
        patient.clean_fields(exclude=_CHECKED_BEFORE)
    except ValidationError as error:
        for field, wrong in error.error_dict.items():
            faults += _faults(number, field, given.get(field, ""), ValidationError(wrong))
    patient.clean()
    return patient, faults


def _understood(field: str, text: str) -> object:
    match field:
        case "sex":
            return sex_of(text)
        case "birth_date":
            return birth_date_of(text)
    return text


def _faults(row: int, field: str, value: str, error: ValidationError) -> Iterator[RowFault]:
    for one in error.error_list:
        yield RowFault(row, field, value[:100], one.code or "invalid", " ".join(one.messages))


def _duplicate(row: int, patient: Patient, row_of: Mapping[str, int | None]) -> list[RowFault]:
    number = patient.hospital_number
    if not number or number not in row_of:
        return []
    earlier = row_of[number]
    if earlier:
        message = _("Row %(row)s has the same number.") % {"row": earlier}
    else:
        message = _("There is a patient with this number already.")
    return [RowFault(row, "hospital_number", number, "duplicate", message)]
