"""Installed bundles, the active one of each specimen and task, and going back."""

from pathlib import Path
from typing import Any

import pytest

from hemascope.errors import BundleError, BundleHashMismatchError
from hemascope.web.accounts.models import User
from hemascope.web.audit.models import AuditEvent
from hemascope.web.catalogue.models import Activation
from hemascope.web.catalogue.selectors import active_bundle, classes_of
from web.builders import make_user
from web.catalogue.builders import activate, install_bundle
from web.client import Client

pytestmark = pytest.mark.django_db

PLACE = {"specimen": "bone-marrow", "task": "classification", "reason": "better on our smears"}


@pytest.fixture
def administrator() -> User:
    return make_user("admin", role="administrator")


@pytest.fixture
def bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bundles"
    for name in ("first", "second", "third"):
        install_bundle(folder, name)
    monkeypatch.setenv("HEMASCOPE_BUNDLES", str(folder))
    return folder


def in_use(client: Client, specimen: str = "bone-marrow", task: str = "classification") -> dict[str, Any]:
    rows = client.get("active-models")[1]
    return next(row for row in rows if (row["specimen"], row["task"]) == (specimen, task))


def roll_back(client: Client, number: int) -> tuple[int, Any]:
    return client.post("activations/roll-back", PLACE | {"number": number})


def test_shipped_models_are_used_until_somebody_chooses(administrator: User) -> None:
    rows = Client(administrator).get("active-models")[1]

    assert {(row["task"], row["bundle"], row["number"]) for row in rows} == {
        ("detection", "detector-light", 0),
        ("classification", "classifier-light", 0),
    }
    assert len(rows) == 4
    assert active_bundle("bone-marrow", "detection").manifest.name == "detector-light"


def test_bundle_shows_its_card_data_measures_and_hash(administrator: User) -> None:
    status, body = Client(administrator).get("bundles/classifier-light")

    assert (status, body["problem"], body["task"]) == (200, "", "classification")
    assert "lymphocyte" in body["classes"]
    assert len(body["sha256"]) == 64
    assert body["metrics"]["accuracy"] > 0
    assert body["card"].startswith("# classifier-light")


def test_damaged_bundle_is_listed_with_its_fault_and_beside_the_good_ones(administrator: User, bundles: Path) -> None:
    (bundles / "second" / "model.onnx").write_bytes(b"another network")

    rows = {row["name"]: row for row in Client(administrator).get("bundles")[1]}

    assert "sha256" in rows["second"]["problem"]
    assert rows["second"]["classes"] is None
    assert (rows["first"]["problem"], rows["detector-light"]["problem"]) == ("", "")


@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e%2fbundles%2ffirst", "bundles%2Ffirst"])
def test_name_is_never_taken_for_a_path(administrator: User, bundles: Path, name: str) -> None:
    assert Client(administrator).get(f"bundles/{name}")[0] == 404


def test_chosen_model_is_used_for_that_specimen_and_no_other(administrator: User, bundles: Path) -> None:
    client = Client(administrator)

    status, body = client.post("activations", PLACE | {"bundle": "first", "number": 0})

    assert (status, body["number"], body["by_name"]) == (201, 1, "admin")
    assert active_bundle("bone-marrow", "classification").manifest.name == "first"
    assert active_bundle("peripheral-blood", "classification").manifest.name == "classifier-light"
    event = AuditEvent.objects.get(verb="model.activate")
    assert (event.actor, '"to": "first"' in event.changes) == (administrator, True)


@pytest.mark.parametrize("spoil", ["hash", "task", "missing", "path"])
def test_bundle_of_no_use_is_refused(administrator: User, bundles: Path, spoil: str) -> None:
    name = {"task": "detector", "missing": "nothing", "path": str(bundles / "first")}.get(spoil, "first")
    install_bundle(bundles, "detector", "detection")
    if spoil == "hash":
        (bundles / "first" / "model.onnx").write_bytes(b"another network")

    status, body = Client(administrator).post("activations", PLACE | {"bundle": name, "number": 0})

    assert (status, set(body["detail"])) == (400, {"bundle"})
    assert not Activation.objects.exists()


def test_second_of_two_who_choose_at_once_is_told(administrator: User, bundles: Path) -> None:
    client = Client(administrator)
    client.post("activations", PLACE | {"bundle": "first", "number": 0})

    status, body = client.post("activations", PLACE | {"bundle": "second", "number": 0})

    assert (status, body["code"]) == (409, "stale_version")
    assert in_use(client)["bundle"] == "first"


def test_roll_back_goes_step_by_step_and_not_to_and_fro(administrator: User, bundles: Path) -> None:
    client = Client(administrator)
    for name in ("first", "second", "third"):
        activate(administrator, name)

    seen = []
    while (answer := roll_back(client, in_use(client)["number"]))[0] == 201:
        seen.append(in_use(client)["bundle"])

    assert seen == ["second", "first"]
    assert (answer[0], answer[1]["code"]) == (409, "conflict")
    rows = client.get("activations", specimen="bone-marrow")[1]["results"]
    assert [row["bundle_name"] for row in rows] == ["first", "second", "third", "second", "first"]
    assert rows[0]["restores"] == rows[-1]["id"]


def test_roll_back_after_a_new_choice_returns_to_what_was_in_force(administrator: User, bundles: Path) -> None:
    client = Client(administrator)
    for name in ("first", "second"):
        activate(administrator, name)
    roll_back(client, 2)
    activate(administrator, "third")

    roll_back(client, 4)

    assert in_use(client)["bundle"] == "first"


def test_roll_back_to_a_bundle_that_was_replaced_is_refused(administrator: User, bundles: Path) -> None:
    for name in ("first", "second"):
        activate(administrator, name)
    install_bundle(bundles, "first", version="2.0.0")

    status, body = roll_back(Client(administrator), 2)

    assert (status, "replaced" in body["message"]) == (409, True)
    assert Activation.objects.count() == 2


def test_active_model_that_was_replaced_on_disk_is_an_error_and_never_another_model(
    administrator: User, bundles: Path
) -> None:
    activate(administrator, "first")
    old = active_bundle("bone-marrow", "classification").manifest.onnx_sha256
    install_bundle(bundles, "first", version="2.0.0")

    with pytest.raises(BundleHashMismatchError, match="activate it again"):
        active_bundle("bone-marrow", "classification")
    assert classes_of("first", old) == ()


def test_active_model_that_was_uninstalled_is_an_error(
    administrator: User, bundles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate(administrator, "first")
    monkeypatch.delenv("HEMASCOPE_BUNDLES")

    with pytest.raises(BundleError, match="no model bundle is named 'first'"):
        active_bundle("bone-marrow", "classification")


def test_activations_are_never_deleted(administrator: User, bundles: Path) -> None:
    with pytest.raises(TypeError):
        activate(administrator, "first").delete()
