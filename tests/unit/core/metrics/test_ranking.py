import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from hemascope.core.metrics.ranking import ranking_curves, top_k_accuracy

metrics = pytest.importorskip("sklearn.metrics")
# few different values, so that many scores are equal
SCORES = hnp.arrays(np.float64, 25, elements=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]))
TRUTH = hnp.arrays(np.bool_, 25).filter(lambda truth: truth.any() and not truth.all())


@given(SCORES, TRUTH)
def test_areas_are_those_of_the_reference(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> None:
    curves = ranking_curves(scores, truth)
    assert curves.auroc == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert curves.average_precision == pytest.approx(metrics.average_precision_score(truth, scores))


@given(SCORES, TRUTH)
def test_each_point_of_the_curves_is_what_its_threshold_gives(
    scores: NDArray[np.float64], truth: NDArray[np.bool_]
) -> None:
    curves = ranking_curves(scores, truth)
    for i, threshold in enumerate(sorted(set(scores), reverse=True)):
        reported = scores >= threshold
        assert curves.precision[i] == pytest.approx(truth[reported].mean())
        assert curves.recall[i] == pytest.approx(reported[truth].mean())
        assert curves.false_positive_rate[i] == pytest.approx(reported[~truth].mean())


@pytest.mark.parametrize("truth", [[], [True, True], [False]], ids=["no cell", "only the class", "only others"])
def test_areas_are_not_a_number_when_one_side_is_empty(truth: list[bool]) -> None:
    curves = ranking_curves(np.linspace(0, 1, len(truth)), np.array(truth, bool))
    assert math.isnan(curves.auroc)
    assert math.isnan(curves.average_precision)
    assert len(curves.recall) == 0


@given(hnp.arrays(np.float64, (12, 6), elements=st.floats(0, 1), unique=True), st.integers(1, 6))
def test_top_k_is_that_of_the_reference(probabilities: NDArray[np.float64], k: int) -> None:
    labels = np.arange(12) % 6
    order = np.argsort(-probabilities, axis=1)[:, :k]
    assert top_k_accuracy(probabilities, labels, k) == pytest.approx(
        np.mean([y in row for y, row in zip(labels, order, strict=True)])
    )


def test_top_k_of_no_cells_is_not_a_number() -> None:
    assert math.isnan(top_k_accuracy(np.zeros((0, 6)), np.zeros(0, np.int64), 5))
