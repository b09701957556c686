import json
from collections.abc import Callable
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError

from hemascope.errors import AuditChainError
from hemascope.web.audit.actions import audit_record
from hemascope.web.audit.models import AuditEvent, AuditHead
from hemascope.web.audit.selectors import audit_lines, audit_verify
from web.audit.builders import make_event
from web.builders import make_user
from web.client import Client


@pytest.fixture
def three_events(db: None) -> None:
    for number in range(3):
        make_event(number=number)


def tampered(**values: object) -> QuerySet[AuditEvent]:
    """A way around the model, as somebody with access to the database has."""
    return QuerySet.update(AuditEvent.objects.filter(sequence=2), **values)


def test_untouched_trail_is_whole(three_events: None) -> None:
    assert audit_verify() == 3


def test_empty_trail_is_whole(db: None) -> None:
    assert audit_verify() == 0


@pytest.mark.parametrize(
    ("tamper", "event"),
    [
        (lambda: tampered(verb="case.read"), "event 2"),
        (lambda: tampered(changes='{"number":9}'), "event 2"),
        (lambda: tampered(actor_name="root"), "event 2"),
        (lambda: QuerySet.delete(AuditEvent.objects.filter(sequence=2)), "event 2"),
        (lambda: QuerySet.delete(AuditEvent.objects.filter(sequence=3)), "ends with event 2"),
        (lambda: QuerySet.delete(AuditEvent.objects.all()), "ends with event 0"),
        (lambda: AuditHead.objects.all().delete(), "ends with event 3"),
    ],
)
def test_altered_trail_is_found_out(three_events: None, tamper: Callable[[], object], event: str) -> None:
    tamper()

    with pytest.raises(AuditChainError, match=event):
        audit_verify()


def test_event_with_a_recomputed_hash_is_found_out_by_the_next_one(three_events: None) -> None:
    forged = AuditEvent.objects.get(sequence=2)
    forged.actor_name = "root"
    tampered(actor_name="root", hash=forged.content_hash())

    with pytest.raises(AuditChainError, match="event 3"):
        audit_verify()


def test_events_are_neither_changed_nor_deleted_by_the_program(three_events: None) -> None:
    event = AuditEvent.objects.get(sequence=1)

    for forbidden in (event.save, event.delete, AuditEvent.objects.all().delete, AuditEvent.objects.all().update):
        with pytest.raises(TypeError, match="append-only"):
            forbidden()


@pytest.mark.django_db(transaction=True)
def test_event_outside_of_a_transaction_is_refused() -> None:
    with pytest.raises(TransactionManagementError):
        audit_record(by=None, verb="case.create")


@pytest.mark.django_db(transaction=True)
def test_event_is_lost_with_the_deed_it_tells_of() -> None:
    def fail_after_recording() -> None:
        with transaction.atomic():
            audit_record(by=None, verb="case.create")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_recording()
    assert audit_verify() == 0


@pytest.mark.django_db(transaction=True)
def test_events_written_at_the_same_time_form_one_chain() -> None:
    def write() -> None:
        for number in range(10):
            make_event(number=number)
        connection.close()

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert audit_verify() == 40


@pytest.mark.django_db
def test_event_tells_who_from_where_in_which_request() -> None:
    person = make_user("lin")
    client = Client(person)
    client.api.credentials(HTTP_X_REQUEST_ID="0123456789abcdef")
    client.patch("me", {"nickname": "Nick"})

    event = AuditEvent.objects.get()
    assert (event.actor, event.actor_name, event.verb) == (person, "lin", "user.update")
    assert (event.subject_type, event.subject_id) == ("accounts.user", str(person.pk))
    assert (event.request_id, event.remote_address) == ("0123456789abcdef", "127.0.0.1")
    assert json.loads(event.changes) == {"nickname": "Nick"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "203.0.113.9"),
        (1, "", "127.0.0.1"),
    ],
)
def test_address_cannot_be_forged_by_the_caller(settings: object, proxies: int, forwarded: str, address: str) -> None:
    settings.TRUSTED_PROXIES = proxies  # type: ignore[attr-defined]
    client = Client(make_user())
    client.api.credentials(HTTP_X_FORWARDED_FOR=forwarded)
    client.patch("me", {"nickname": "Nick"})

    assert AuditEvent.objects.get().remote_address == address


@pytest.mark.django_db
def test_events_are_found_by_text_person_and_time() -> None:
    administrator = make_user(role="administrator")
    lin = make_user("lin")
    make_event("case.create", by=lin)
    make_event("case.sign", by=administrator, note="白血病")
    client = Client(administrator)

    assert [e["verb"] for e in client.get("audit/events", actor=lin.pk)[1]["results"]] == ["case.create"]
    assert [e["verb"] for e in client.get("audit/events", search="白血病")[1]["results"]] == ["case.sign"]
    assert client.get("audit/events", at_to="2001-01-01T00:00:00Z")[1]["count"] == 0
    assert client.get("audit/events", at_from="2001-01-01T00:00:00Z")[1]["count"] == 2


@pytest.mark.django_db
def test_event_cannot_be_changed_over_the_api() -> None:
    make_event()

    assert Client(make_user(role="administrator")).delete("audit/events/1")[0] == 405


def test_verification_counts_the_events_and_names_the_altered_one(three_events: None) -> None:
    client = Client(make_user(role="administrator"))
    assert client.get("audit/events/verification")[1] == {"events": 3, "problem": ""}
    tampered(verb="case.read")

    _, broken = client.get("audit/events/verification")

    assert broken["events"] is None
    assert "event 2" in broken["problem"]


def test_export_holds_every_event_oldest_first(three_events: None) -> None:
    assert [json.loads(line)["changes"]["number"] for line in audit_lines()] == [0, 1, 2]
    assert [json.loads(line)["sequence"] for line in audit_lines(after=2)] == [3]


def test_verify_command_fails_where_the_trail_was_altered(
    three_events: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit_verify")
    assert "3 events" in capsys.readouterr().out
    tampered(verb="case.read")

    with pytest.raises(CommandError, match="event 2"):
        call_command("audit_verify")
