"""Which state may follow which."""

from collections.abc import Mapping

from hemascope.web.cases.choices import CaseState

ALLOWED: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.NEW: frozenset({CaseState.ANALYSED}),
    CaseState.ANALYSED: frozenset({CaseState.NEW, CaseState.IN_REVIEW}),  # new: its fields were taken away again
    # Analysed: it was run anew. Amended: it had been signed before and was opened again.
    CaseState.IN_REVIEW: frozenset({CaseState.ANALYSED, CaseState.SIGNED, CaseState.AMENDED}),
    CaseState.SIGNED: frozenset({CaseState.AMENDED, CaseState.IN_REVIEW}),
    CaseState.AMENDED: frozenset({CaseState.IN_REVIEW}),
}
CLOSED = frozenset({CaseState.SIGNED, CaseState.AMENDED})  # nothing the report rests on may change any more
OPEN = frozenset(CaseState) - CLOSED
