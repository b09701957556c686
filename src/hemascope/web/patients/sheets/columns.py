"""The columns of a table of patients: their names in both languages, and how their cells are understood."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from hemascope.errors import SheetError
from hemascope.web.accounts.choices import Sex
from hemascope.web.patients.models import Patient

NAMES_OF: Mapping[str, tuple[str, ...]] = {
    "hospital_number": ("hospital number", "hospital no", "住院号", "病案号", "病历号"),
    "name": ("name", "patient name", "姓名", "患者姓名"),
    "id_card": ("id card", "id card number", "身份证", "身份证号", "身份证号码"),
    "phone": ("phone", "phone number", "电话", "联系电话", "手机", "手机号"),
    "sex": ("sex", "gender", "性别"),
    "birth_date": ("birth date", "date of birth", "birthday", "出生日期", "生日"),
    "keywords": ("keywords", "关键词", "关键字"),
}
_REQUIRED = ("hospital_number", "name")
_FIELD_OF = {name: field for field, names in NAMES_OF.items() for name in (field.replace("_", " "), *names)}

_SEX_OF: Mapping[str, Sex] = {
    "": Sex.UNSTATED,
    **dict.fromkeys(("female", "f", "女"), Sex.FEMALE),
    **dict.fromkeys(("male", "m", "男"), Sex.MALE),
    **dict.fromkeys(("other", "o", "其他"), Sex.OTHER),
}
_DATE_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")


def fields_of(header: Sequence[str]) -> list[str | None]:
    """The field of each column, None for a column of something else. Raises SheetError."""
    fields = [_FIELD_OF.get(" ".join(name.replace("_", " ").lower().split())) for name in header]
    for field in NAMES_OF:
        if fields.count(field) > 1:
            values = {"field": field, "names": _(", ").join(NAMES_OF[field])}
            raise SheetError(_("two columns hold the %(field)s: keep one of %(names)s") % values)
    if missing := [field for field in _REQUIRED if field not in fields]:
        raise SheetError(
            _("no column is named '%(field)s' (%(names)s); the first row names the columns, found: %(found)s")
            % {
                "field": missing[0],
                "names": _(", ").join(NAMES_OF[missing[0]]),
                "found": _(", ").join(header)[:200],
            }
        )
    return fields


def sex_of(text: str) -> Sex:
    """Raises ValidationError."""
    try:
        return _SEX_OF[text.lower()]
    except KeyError:
        known = _(", ").join(word for word in _SEX_OF if word)
        message = _("'%(text)s' is none of %(known)s.") % {"text": text, "known": known}
        raise ValidationError(message, "invalid_choice") from None


def birth_date_of(text: str) -> date | None:
    """Year first; day and month in another order cannot be told apart. Raises ValidationError."""
    if not text:
        return None
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    message = _("'%(text)s' is no date such as 1970-12-31 or 1970/12/31.") % {"text": text}
    raise ValidationError(message, "invalid_date")


def sheet_rows(patients: Iterable[Patient]) -> Iterator[list[str]]:
    """The header and a row a patient, in the form that an import understands."""
    yield list(NAMES_OF)
    for patient in patients:
        yield [str(getattr(patient, field) or "") for field in NAMES_OF]
