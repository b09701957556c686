from typing import Any

import pytest

from hemascope.hematology.settings import ClassificationSettings, DifferentialSettings
from hemascope.web.audit.models import AuditEvent
from hemascope.web.reports.models import LabSettings
from web.builders import make_user
from web.client import Client
from web.reports.builders import make_counted_case

pytestmark = pytest.mark.django_db


def change(**values: Any) -> tuple[int, Any]:
    return Client(make_user(role="administrator")).patch("lab-settings", {"version": 1} | values)


def test_defaults_are_those_of_the_hematology() -> None:
    settings = LabSettings().classification_settings()

    assert settings == ClassificationSettings(require_review=True)
    assert set(DifferentialSettings.model_fields) <= {field.name for field in LabSettings._meta.get_fields()}


def test_change_is_used_for_the_next_analysis_and_remembered() -> None:
    assert change(nec_mode="strict", min_cells_marrow=200)[1]["version"] == 2

    case = make_counted_case()
    _, body = Client(case.created_by).get(f"cases/{case.pk}/analysis")
    assert body["analysis"]["differential"]["settings"]["nec_mode"] == "strict"
    event = AuditEvent.objects.get(verb="lab_settings.update")
    assert '"from": {"min_cells_marrow": 500, "nec_mode": "erythroid_only"}' in event.changes


def test_second_of_two_changes_at_once_is_told() -> None:
    change(laboratory="First")

    assert change(laboratory="Second")[1]["code"] == "stale_version"
    assert LabSettings.objects.get().laboratory == "First"


def test_change_without_the_version_that_was_read_is_refused() -> None:
    status, body = Client(make_user(role="administrator")).patch("lab-settings", {"laboratory": "Morphology"})

    assert (status, set(body["detail"])) == (400, {"version"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("confidence", 1),
        ("max_unreviewed_percent", 101),
        ("max_unidentified_percent", -1),
        ("m4_monocytic_percent", 25),
        ("nec_mode", "sometimes"),
        ("min_cells_blood", -1),
    ],
)
def test_value_out_of_range_is_refused_by_name(name: str, value: object) -> None:
    status, body = change(**{name: value})

    assert (status, set(body["detail"])) == (400, {name})
    assert not LabSettings.objects.exclude(version=1).exists()
