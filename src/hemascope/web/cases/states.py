"""Which state may follow which."""

from collections.abc import Mapping

from hemascope.web.cases.choices import CaseState

ALLOWED: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.NEW: frozenset({CaseState.ANALYSED}),
    CaseState.ANALYSED: frozenset({CaseState.NEW, CaseState.IN_REVIEW}),  # new: its fields were taken away again
    CaseState.IN_REVIEW: frozenset({CaseState.ANALYSED, CaseState.SIGNED}),  # analysed: it was run anew
    CaseState.SIGNED: frozenset({CaseState.AMENDED}),
    CaseState.AMENDED: frozenset(),
}
CLOSED = frozenset({CaseState.SIGNED, CaseState.AMENDED})  # nothing the report rests on may change any more
OPEN = frozenset(CaseState) - CLOSED
