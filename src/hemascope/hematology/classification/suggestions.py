"""The document a suggestion is: what each system says, and on what grounds."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hemascope.hematology.classification.context import ClinicalContext
from hemascope.hematology.classification.fab_all import LymphoblastDescription
from hemascope.hematology.classification.rules import Outcome, RuleResult, System
from hemascope.hematology.classification.straddles import Straddle
from hemascope.hematology.differential import RESEARCH_USE, Specimen
from hemascope.hematology.settings import ClassificationSettings


class Status(StrEnum):
    SUGGESTED = "suggested"
    OPEN = "open"  # a fact that decides is missing; `candidates` say what may hold
    NO_RULE = "no-rule"  # no row of the table holds
    WITHHELD = "withheld"  # rule X1: the ground is missing, see `withheld`
    NOT_APPLICABLE = "not-applicable"  # the table needs a marrow


class Withheld(StrEnum):
    """Why rule X1 keeps a suggestion back."""

    NO_CELLS = "no-cells"
    TOO_FEW_CELLS = "too-few-cells"
    MANY_UNIDENTIFIED = "many-unidentified"
    NOT_DERIVABLE = "not-derivable"
    STRADDLE = "straddle"
    UNREVIEWED = "unreviewed"
    HEMODILUTE = "hemodilute"
    OUT_OF_DISTRIBUTION = "out-of-distribution"


class AplGround(StrEnum):
    """What raised the alert for acute promyelocytic leukaemia."""

    CELLS = "cells"
    MORPHOLOGY = "morphology"
    FUSION = "fusion"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Alternative(_Frozen):
    """What a disputed setting changes: its other value, and what would be said with it."""

    setting: str
    value: str
    fired: tuple[str, ...]
    outcome: Outcome | None
    candidates: tuple[Outcome, ...]
    differs: bool


class Suggestion(_Frozen):
    """What one system says; there is an `outcome` only when the status is `suggested`."""

    system: System
    status: Status
    rule_id: str | None = None  # the rule that fired last; X1 where the suggestion is withheld
    fired: tuple[str, ...] = ()  # all rules that fired, from general to special
    outcome: Outcome | None = None
    candidates: tuple[Outcome, ...] = ()  # what may hold if a missing fact were known, in the order of the table
    withheld: tuple[Withheld, ...] = ()  # gravest first
    straddles: tuple[Straddle, ...] = ()
    not_derivable_from: tuple[str, ...] = ()  # classes the rules need and the model does not have
    more_cells: int | None = None  # so many more would settle it; None: nothing to settle, or counting cannot
    missing: tuple[str, ...] = ()  # facts that were asked for and not given
    notes: tuple[Outcome, ...] = ()
    therapy_related: bool = False
    trace: tuple[RuleResult, ...]  # every rule of the table, failed ones too
    alternatives: tuple[Alternative, ...] = ()


class AplAlert(_Frozen):
    """Suspected acute promyelocytic leukaemia: urgent whatever the percentage, and whatever X1 says."""

    grounds: tuple[AplGround, ...]
    cells: int


class Suggestions(_Frozen):
    """`model_dump_json(by_alias=True)` is the document `hemascope.suggestions/1`."""

    schema_: Literal["hemascope.suggestions/1"] = Field("hemascope.suggestions/1", alias="schema")
    research_use: str = RESEARCH_USE
    specimen: Specimen
    settings: ClassificationSettings
    context: ClinicalContext
    model_classes: tuple[str, ...] | None
    counted_cells: int  # the denominator: leucocytes in blood, nucleated cells in marrow
    required_cells: int  # fewer carry no suggestion
    urgent_apl: AplAlert | None
    lymphoblasts: LymphoblastDescription | None  # FAB L1 to L3, a description and no suggestion
    fab: Suggestion
    who2022: Suggestion
    icc2022: Suggestion

    @property
    def each(self) -> tuple[Suggestion, Suggestion, Suggestion]:
        return self.fab, self.who2022, self.icc2022
