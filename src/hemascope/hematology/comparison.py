"""Whether two counts agree: two readers of one smear (H20-A2 style), or a case and an earlier one."""

from collections.abc import Sequence
from math import exp, isnan, lgamma

import numpy as np
from pydantic import BaseModel, ConfigDict

from hemascope.core.metrics import agreement
from hemascope.core.metrics.classification import confusion_matrix
from hemascope.errors import CountsError
from hemascope.hematology.differential import Differential, Share, differential, share
from hemascope.hematology.taxonomy import TAXONOMY

_TIE = 1 + 1e-7  # probabilities this close are equal: both tails count then, as in R's fisher.test


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ClassComparison(_Frozen):
    """One class in both counts, each share with its exact (Rumke) limits."""

    class_id: str
    first: Share
    second: Share
    p_value: float | None  # Fisher's exact test, two-sided; None where a count is empty
    differs: bool  # the p-value is below 1 - confidence


class Comparison(_Frozen):
    """Of twenty classes that truly agree about one differs by chance at 95 %; `merged` is both counts together."""

    classes: tuple[ClassComparison, ...]
    agrees: bool
    merged: Differential


class Kappa(_Frozen):
    """Cohen's kappa of two readers of the same cells; no value where chance alone explains all agreement."""

    cells: int
    agreed: int
    kappa: float | None


def compare_counts(first: Differential, second: Differential) -> Comparison:
    """Two readers with 200 cells each, say; or `first` the earlier case and `second` the present one.

    Raises CountsError where the specimens or the settings differ.
    """
    if first.specimen is not second.specimen or first.settings != second.settings:
        raise CountsError(
            f"{first.specimen} and {second.specimen} counts cannot be compared; expected the same specimen and settings"
        )
    settings = first.settings
    counts = [{row.class_id: row.count for row in one.rows if row.in_denominator} for one in (first, second)]
    classes = tuple(
        _compare_class(
            class_id,
            share(counts[0].get(class_id, 0), first.denominator, settings),
            share(counts[1].get(class_id, 0), second.denominator, settings),
            settings.confidence,
        )
        for class_id in TAXONOMY
        if class_id in counts[0] or class_id in counts[1]
    )
    return Comparison(
        classes=classes,
        agrees=not any(one.differs for one in classes),
        merged=differential(_sum_of(first, second), first.specimen, settings),
    )


def _sum_of(first: Differential, second: Differential) -> dict[str, int]:
    merged: dict[str, int] = {}
    for row in (*first.rows, *second.rows):
        merged[row.class_id] = merged.get(row.class_id, 0) + row.count
    return merged


def _compare_class(class_id: str, first: Share, second: Share, confidence: float) -> ClassComparison:
    p_value = fisher_exact(first.count, first.of, second.count, second.of) if first.of and second.of else None
    differs = p_value is not None and p_value < 1 - confidence
    return ClassComparison(class_id=class_id, first=first, second=second, p_value=p_value, differs=differs)


def fisher_exact(first: int, first_of: int, second: int, second_of: int) -> float:
    """Two-sided p-value that `first` of `first_of` and `second` of `second_of` cells have the same share."""
    together = first + second
    lowest, highest = max(0, together - second_of), min(together, first_of)

    def log_ways(k: int) -> float:
        return _log_choose(first_of, k) + _log_choose(second_of, together - k)

    all_ways = _log_choose(first_of + second_of, together)
    probabilities = [exp(log_ways(k) - all_ways) for k in range(lowest, highest + 1)]
    observed = probabilities[first - lowest]
    return min(1.0, sum(p for p in probabilities if p <= observed * _TIE))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> Kappa:
    """Agreement of two readers beyond chance, cell by cell in the same order. Raises CountsError on unequal lengths."""
    if len(first) != len(second):
        raise CountsError(f"{len(first)} and {len(second)} labels; expected one label of each reader for every cell")
    cells = len(first)
    agreed = sum(one == other for one, other in zip(first, second, strict=True))
    labels = sorted({*first, *second})
    ids = [np.array([labels.index(label) for label in reader], np.int64) for reader in (first, second)]
    kappa = agreement.cohen_kappa(confusion_matrix(ids[0], ids[1], len(labels)))
    return Kappa(cells=cells, agreed=agreed, kappa=None if isnan(kappa) else kappa)
