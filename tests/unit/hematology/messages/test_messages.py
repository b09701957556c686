"""FHIR and HL7 v2 texts: golden files, and validators that are not ours."""

import json
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle

from hemascope.hematology.classification.suggest import suggest
from hemascope.hematology.differential import RESEARCH_USE, Specimen, differential
from hemascope.hematology.messages.fhir import fhir_bundle
from hemascope.hematology.messages.hl7v2 import Endpoints, escape, hl7v2_message
from hemascope.hematology.messages.report_data import ModelDevice, ReportData, ReportStatus

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # hl7apy uses what newer Python versions deprecate
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.parser import parse_message
    from hl7apy.validation import Validator

GOLDEN = Path(__file__).parent / "golden"
ISSUED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
BLOOD = {"segmented_neutrophil": 120, "lymphocyte": 70, "large_granular_lymphocyte": 10, "erythroblast": 16}
MARROW = {"erythroblast": 650, "myeloblast": 140, "segmented_neutrophil": 210, "megakaryocyte": 3}


def _report(counts: dict[str, int], specimen: Specimen) -> ReportData:
    return ReportData(
        report_id="R-2026-0001",
        patient_id="P-17",
        specimen_id="S-4",
        issued=ISSUED,
        status=ReportStatus.PRELIMINARY,
        counted=differential(counts, specimen),
        suggestions=suggest(counts, specimen),
    )


REPORTS = {
    "blood": _report(BLOOD, Specimen.PERIPHERAL_BLOOD),
    "marrow": replace(
        _report(MARROW, Specimen.BONE_MARROW),
        status=ReportStatus.FINAL,
        verifier_id="D-5",
        device=ModelDevice("classifier-light", "1.0.0", "0" * 64),
        language="zh",
    ),
    "empty": replace(_report({}, Specimen.BONE_MARROW), suggestions=None),
}


@pytest.mark.parametrize("name", REPORTS)
def test_fhir_bundle_is_as_last_read_and_approved(name: str) -> None:
    assert fhir_bundle(REPORTS[name]) == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", REPORTS)
def test_hl7v2_message_is_as_last_read_and_approved(name: str) -> None:
    golden = (GOLDEN / f"{name}.hl7").read_text(encoding="utf-8")

    assert hl7v2_message(REPORTS[name]).replace("\r", "\n") == golden


@pytest.mark.parametrize("name", REPORTS)
def test_fhir_bundle_is_valid_and_every_reference_leads_to_an_entry(name: str) -> None:
    text = fhir_bundle(REPORTS[name])
    Bundle.model_validate_json(text)
    bundle = json.loads(text)
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    references = _values_of(bundle, "reference")

    assert len(urls) == len(bundle["entry"])
    assert references
    assert set(references) <= urls
    assert not _values_of(bundle, "conclusionCode")
    conclusion = bundle["entry"][0]["resource"]["conclusion"]
    assert conclusion.startswith(RESEARCH_USE)


def _values_of(node: object, key: str) -> list[str]:
    if isinstance(node, list):
        return [value for item in node for value in _values_of(item, key)]
    if isinstance(node, dict):
        own = [node[key]] if isinstance(node.get(key), str) else []
        return own + [value for item in node.values() for value in _values_of(item, key)]
    return []


@pytest.mark.parametrize("name", REPORTS)
def test_hl7v2_message_is_valid_and_starts_its_notes_with_the_research_use_line(name: str) -> None:
    text = hl7v2_message(REPORTS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        message = parse_message(text, validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)

        assert Validator.validate(message)
    first_note = next(line for line in text.split("\r") if line.startswith("NTE"))
    assert first_note == f"NTE|1||{RESEARCH_USE}"


def test_fhir_bundle_carries_exact_counts_beside_each_percentage() -> None:
    bundle = json.loads(fhir_bundle(REPORTS["marrow"]))
    observations = [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Observation"]
    blasts = next(one for one in observations if "myeloblast" in one["code"]["coding"][0]["code"])

    assert blasts["valueQuantity"]["value"] == 14
    assert [part["valueInteger"] for part in blasts["component"][:2]] == [140, 1000]
    assert blasts["code"]["coding"][0]["system"] == "urn:hemascope:codes"  # no verified LOINC for marrow


def test_fhir_bundle_names_model_as_author_and_person_as_verifier() -> None:
    bundle = json.loads(fhir_bundle(REPORTS["marrow"]))
    provenance = bundle["entry"][-1]["resource"]

    assert [agent["type"]["coding"][0]["code"] for agent in provenance["agent"]] == ["author", "verifier"]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("", ""),
        ("A|B^C&D~E\\F", "A\\F\\B\\S\\C\\T\\D\\R\\E\\E\\F"),
        ("two\nlines\r", "two\\X0A\\lines\\X0D\\"),
    ],
)
def test_escape_hides_the_separators(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_hl7v2_message_keeps_hostile_identifiers_in_their_fields() -> None:
    hostile = replace(REPORTS["blood"], patient_id="P|1\rOBX|1", report_id="r^1")
    message = hl7v2_message(hostile, Endpoints(receiving_application="LIS|X"))
    segments = message.split("\r")

    assert segments[1] == "PID|1||P\\F\\1\\X0D\\OBX\\F\\1||^^^^^^U"
    assert segments[0].startswith(
        "MSH|^~\\&|HEMASCOPE||LIS\\F\\X||20260301093000+0000||ORU^R01^ORU_R01|r\\S\\1|P|2.5.1|"
    )


def test_report_data_refuses_a_time_without_zone_and_a_final_report_without_verifier() -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(REPORTS["blood"], issued=datetime(2026, 3, 1))
    with pytest.raises(ValueError, match="needs a verifier_id"):
        replace(REPORTS["blood"], status=ReportStatus.FINAL)
