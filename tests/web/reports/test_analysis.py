"""What the analysis of a case says, before anybody signs it."""

from datetime import date
from typing import Any

import pytest

from hemascope.hematology.differential import Specimen, differential
from hemascope.web.accounts.models import User
from hemascope.web.analyses.models import Cell
from hemascope.web.cases.models import Case
from web.builders import make_department, make_user
from web.client import Client
from web.patients.builders import make_patient
from web.reports.builders import AML, MARROW, add_cells, make_counted_case, make_report, make_run

pytestmark = pytest.mark.django_db


def analysis_of(case: Case, person: User | None = None, **query: str) -> dict[str, Any]:
    status, body = Client(person or case.created_by).get(f"cases/{case.pk}/analysis", **query)
    assert status == 200, body
    return body


def test_differential_is_that_of_the_reader_over_the_model() -> None:
    case = make_counted_case()  # the model has called every cell a lymphocyte
    expected = differential(MARROW, Specimen.BONE_MARROW)

    body = analysis_of(case)["analysis"]

    assert body["differential"] == expected.model_dump(mode="json", by_alias=True)
    assert body["cells"] == {
        "counted": dict(sorted(MARROW.items())),
        "total": sum(MARROW.values()),
        "unreviewed": 0,
        "relabelled": sum(MARROW.values()) - MARROW["lymphocyte"],
    }


def test_cell_no_reader_has_named_counts_as_the_model_says_and_unsure_ones_as_unidentified() -> None:
    case = make_counted_case(counts={"monocyte": 3, "unidentified": 2}, is_reviewed=False)

    cells = analysis_of(case)["analysis"]["cells"]

    assert (cells["counted"], cells["unreviewed"], cells["relabelled"]) == ({"monocyte": 3, "unidentified": 2}, 5, 0)


def test_deleted_cells_do_not_count() -> None:
    case = make_counted_case(counts={"monocyte": 3})
    Cell.objects.filter(pk=case.cells.first().pk).update(is_deleted=True)

    assert analysis_of(case)["analysis"]["cells"]["total"] == 2


def test_case_without_cells_is_analysed_and_says_so() -> None:
    body = analysis_of(make_counted_case(counts={}))

    assert "no-cells" in body["analysis"]["differential"]["warnings"]
    assert {one["reason"] for one in body["obstacles"]} == {"no-cells"}


def test_models_are_named_with_their_hash_and_the_number_of_their_cells() -> None:
    case = make_counted_case(counts={"monocyte": 2})
    old = make_run(case, bundle_name="gone", bundle_version="0.1", bundle_sha256="0" * 64)
    add_cells(case, {"lymphocyte": 5}, is_reviewed=True, run=old)

    models = analysis_of(case)["analysis"]["models"]

    assert [(one["name"], one["cells"], one["classes"] == []) for one in models] == [
        ("gone", 5, True),
        ("classifier-light", 2, False),
    ]


def test_three_systems_speak_once_readers_have_seen_every_cell() -> None:
    body = analysis_of(make_counted_case(counts=AML, context={"mpo_or_sbb_percent": 60}))

    suggestions = body["analysis"]["suggestions"]
    assert {suggestions[name]["status"] for name in ("fab", "who2022", "icc2022")} == {"suggested"}
    assert suggestions["fab"]["rule_id"] == "F2"
    assert len(suggestions["fab"]["trace"]) > 5
    assert [system["title"] for system in body["words"]["systems"]][2] == "ICC 2022"


def test_suggestion_is_withheld_where_the_model_cannot_know_the_class() -> None:
    counts = {"lymphocyte": 300, "segmented_neutrophil": 250}  # the shipped classifier knows no blast

    suggestions = analysis_of(make_counted_case(counts=counts, is_reviewed=False))["analysis"]["suggestions"]

    for name in ("fab", "who2022", "icc2022"):
        assert suggestions[name]["status"] == "withheld"
        assert {"not-derivable", "unreviewed"} <= set(suggestions[name]["withheld"])
        assert "myeloblast" in suggestions[name]["not_derivable_from"]


def test_model_that_is_no_longer_installed_is_taken_to_know_no_class() -> None:
    case = make_counted_case(counts={})
    run = make_run(case, bundle_sha256="0" * 64)
    add_cells(case, {"lymphocyte": 600}, is_reviewed=False, run=run)

    suggestions = analysis_of(case)["analysis"]["suggestions"]

    assert (suggestions["model_classes"], suggestions["who2022"]["status"]) == ([], "withheld")


def test_one_cell_that_nobody_saw_withholds_the_suggestion() -> None:
    case = make_counted_case(counts=AML)
    add_cells(case, {"lymphocyte": 1}, is_reviewed=False)

    assert "unreviewed" in analysis_of(case)["analysis"]["suggestions"]["who2022"]["withheld"]


def test_interval_across_a_cut_off_says_how_many_more_cells() -> None:
    case = make_counted_case(counts={"myeloblast": 105, "segmented_neutrophil": 395})  # 21 %, cut-off 20 %

    suggestion = analysis_of(case)["analysis"]["suggestions"]["who2022"]

    assert "straddle" in suggestion["withheld"]
    assert suggestion["more_cells"] > 1000


def test_faggot_cells_raise_the_alert_whatever_withholds_the_suggestion() -> None:
    body = analysis_of(make_counted_case(counts={"faggot_cell": 1, "lymphocyte": 5}))

    assert body["analysis"]["suggestions"]["urgent_apl"]["cells"] == 1
    assert body["words"]["urgent"]


@pytest.mark.parametrize(("language", "word"), [("zh", "建议"), ("en", "Suggestion")])
def test_sentences_come_in_the_language_asked_for(language: str, word: str) -> None:
    assert analysis_of(make_counted_case(counts=AML), language=language)["words"]["heading"] == word


def test_unknown_language_is_refused() -> None:
    case = make_counted_case(counts=AML)

    assert Client(case.created_by).get(f"cases/{case.pk}/analysis", language="tlh")[0] == 400


def test_earlier_signed_reports_of_the_patient_are_compared_with() -> None:
    owner = make_user(role="technician")
    patient = make_patient(owner)
    before = make_counted_case(owner, patient=patient, collected_on=date(2026, 1, 1))
    make_report(case=before)
    make_counted_case(owner, patient=patient, collected_on=date(2026, 2, 1))  # not signed
    make_report(case=make_counted_case(owner, patient=patient, specimen="peripheral-blood"))
    make_report(case=make_counted_case(owner, patient=patient, collected_on=date(2026, 4, 1)))  # later
    case = make_counted_case(owner, AML, patient=patient, collected_on=date(2026, 3, 1))

    earlier = analysis_of(case)["analysis"]["earlier"]

    assert [one["case_number"] for one in earlier] == [before.number]
    blasts = next(one for one in earlier[0]["classes"] if one["class_id"] == "myeloblast")
    assert (blasts["first"]["count"], blasts["second"]["count"], blasts["differs"]) == (6, 220, True)


def test_earlier_reports_of_another_department_are_not_shown() -> None:
    owner = make_user(role="technician", department=make_department())
    colleague = make_user(role="technician", department=make_department())
    patient = make_patient(owner, department=None)
    make_report(case=make_counted_case(colleague, patient=patient, collected_on=date(2026, 1, 1)))

    assert analysis_of(make_counted_case(owner, patient=patient))["analysis"]["earlier"] == []
