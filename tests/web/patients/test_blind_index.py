"""Names are found by what people type, while the database holds keyed hashes only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.web.accounts.models import User
from hemascope.web.patients.actions import patient_update
from hemascope.web.patients.blind_index import exact_token, name_query_token, name_tokens, normal_text
from hemascope.web.patients.models import Patient, SearchToken
from hemascope.web.patients.selectors import patients_found
from web.builders import make_user
from web.patients.builders import make_patient


def found(text: str, by: User) -> list[str]:
    return list(patients_found(Patient.objects.all(), text, by=by).values_list("hospital_number", flat=True))


@pytest.mark.parametrize(
    ("name", "text", "is_found"),
    [
        ("王小明", "王小明", True),
        ("王小明", "王", True),
        ("王小明", "小明", True),  # the given name alone
        ("王小明", "王明", False),
        ("Wang Xiaoming", "wang", True),
        ("Wang Xiaoming", "XIAOM", True),
        ("Wang Xiaoming", "Wang, Xiao", True),
        ("Wang Xiaoming", "ming", False),  # the middle of a word
        ("Wang Xiaoming", "xiaoming wang", False),  # in another order
        ("Ｗang　Ｘiaoming", "wang xiaoming", True),  # full-width letters and space
        ("José Ñandú", "jose nandu", True),
        ("O'Neill-Smith", "oneill", True),
        ("O'Neill-Smith", "smith", True),
        ("Straße", "STRASSE", True),
        ("Bartholomew Featherstonehaugh", "bartholomew featherstone", True),  # only 16 characters are looked at
        ("王小明", "·", False),
    ],
)
def test_name_is_found_by_beginnings_of_its_words(name: str, text: str, is_found: bool) -> None:
    assert (name_query_token(text) in name_tokens(name)) is is_found


@given(st.text(min_size=1, max_size=60))
def test_every_name_is_found_by_itself_or_holds_nothing_to_search_for(name: str) -> None:
    token = name_query_token(name)

    assert token in name_tokens(name) if normal_text(name) else token is None


@given(st.text(max_size=100))
def test_number_of_tokens_is_bounded(name: str) -> None:
    assert len(name_tokens(name)) <= 8 * 16


def test_tokens_depend_on_key_and_kind(settings: object) -> None:
    before = exact_token("phone", "123")
    assert exact_token("id_card", "123") != before

    settings.IDENTITY_INDEX_KEY = "another"  # type: ignore[attr-defined]

    assert exact_token("phone", "123") != before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "roles_that_find"),
    [
        ("h77", {"technician", "viewer"}),
        ("leukaemia", {"technician", "viewer"}),
        ("王小", {"technician"}),
        ("11010119900307701x", {"technician"}),
        ("8613800138000", {"technician"}),
        ("1101011990", set()),  # a part of an ID-card number
        ("77", set()),  # the middle of a hospital number
    ],
)
def test_search_finds_identities_only_for_those_who_may_see_them(text: str, roles_that_find: set[str]) -> None:
    make_patient(hospital_number="H7701", keywords="Acute leukaemia, study B")

    for role in ("technician", "viewer"):
        assert (found(text, make_user(role=role)) == ["H7701"]) is (role in roles_that_find)


@pytest.mark.django_db
def test_renamed_patient_is_found_by_the_new_name_only() -> None:
    patient = make_patient(name="王小明")
    technician = make_user(role="technician")

    patient_update(by=technician, patient=patient, version=1, name="李娜")

    assert (found("王", technician), found("李", technician)) == ([], [patient.hospital_number])


@pytest.mark.django_db
def test_deleted_patient_leaves_no_tokens() -> None:
    make_patient().delete()

    assert not SearchToken.objects.exists()
