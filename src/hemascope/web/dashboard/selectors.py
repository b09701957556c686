"""What the first page shows, of what the person may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hemascope.web.accounts.models import User
from hemascope.web.cases.access import cases_visible_to
from hemascope.web.cases.selectors import case_counts
from hemascope.web.catalogue.selectors import ActiveModel, active_models
from hemascope.web.dashboard.warnings import DashboardWarning, dashboard_warnings
from hemascope.web.jobs.access import jobs_visible_to
from hemascope.web.jobs.selectors import QueueCounts, queue_counts
from hemascope.web.reviews.selectors import ReviewedCells, reviewed_cells


@dataclass(frozen=True, slots=True)
class CaseSummary:
    by_state: Mapping[str, int]
    assigned_to_me: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    cases: CaseSummary
    reviewed: ReviewedCells
    models: list[ActiveModel]
    queue: QueueCounts
    warnings: list[DashboardWarning]


def dashboard(person: User, *, since: datetime) -> Dashboard:
    """`since` is when the person's day began; not long ago, or many cells are counted."""
    models = active_models()
    queue = queue_counts(jobs_visible_to(person))
    return Dashboard(
        cases=CaseSummary(*case_counts(cases_visible_to(person), reader=person)),
        reviewed=reviewed_cells(person, since),
        models=models,
        queue=queue,
        warnings=list(dashboard_warnings(person, models, queue)),
    )
