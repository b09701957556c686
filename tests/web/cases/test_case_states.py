"""From new to signed, in order."""

import pytest

from hemascope.errors import ConflictError
from hemascope.web.audit.models import AuditEvent
from hemascope.web.cases.actions import case_change_state
from hemascope.web.cases.choices import CaseState
from hemascope.web.cases.states import ALLOWED
from web.cases.builders import make_case

pytestmark = pytest.mark.django_db

STEPS = [(state, to) for state in CaseState for to in CaseState if state != to]


@pytest.mark.parametrize(("state", "to"), STEPS)
def test_case_takes_the_steps_of_the_table_and_no_others(state: CaseState, to: CaseState) -> None:
    case = make_case(state=state)

    if to in ALLOWED[state]:
        assert case_change_state(by=None, case=case, to=to).state == to
    else:
        with pytest.raises(ConflictError, match=f"is {state.in_words} and cannot become {to.in_words}"):
            case_change_state(by=None, case=case, to=to)
        case.refresh_from_db()
        assert case.state == state


def test_change_of_state_makes_a_new_version_and_an_event() -> None:
    case = make_case()

    changed = case_change_state(by=case.created_by, case=case, to=CaseState.ANALYSED)

    assert changed.version == case.version + 1
    event = AuditEvent.objects.get(verb="case.state")
    assert (event.actor, event.changes) == (case.created_by, '{"from": "new", "to": "analysed"}')


def test_change_to_the_state_it_is_in_leaves_no_trace() -> None:
    case = make_case(state="analysed")

    assert case_change_state(by=None, case=case, to=CaseState.ANALYSED).version == case.version
    assert not AuditEvent.objects.filter(verb="case.state").exists()
