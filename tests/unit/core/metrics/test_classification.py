import math

import numpy as np
import pytest

from hemascope.core.metrics.classification import (
    accuracy,
    class_scores,
    confusion_matrix,
    macro_f1,
    merge_classes,
)

# true class 0: 3 right, 1 taken for 1; true class 1: 1 right, 1 taken for 0; class 2 is predicted once, never present
CONFUSION = np.array([[3, 1, 0], [1, 1, 1], [0, 0, 0]], np.int64)


def ids(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def test_confusion_has_a_row_for_each_true_class() -> None:
    truth, predicted = ids(0, 0, 0, 0, 1, 1, 1), ids(0, 0, 1, 0, 1, 0, 2)
    np.testing.assert_array_equal(confusion_matrix(truth, predicted, 3), CONFUSION)


def test_confusion_of_nothing_is_zero_and_its_figures_are_not_a_number() -> None:
    empty = confusion_matrix(ids(), ids(), 2)
    np.testing.assert_array_equal(empty, np.zeros((2, 2)))
    assert math.isnan(accuracy(empty))
    assert math.isnan(macro_f1(empty))


def test_accuracy_is_the_share_on_the_diagonal() -> None:
    assert accuracy(CONFUSION) == pytest.approx(4 / 7)


def test_class_scores_agree_with_hand_values() -> None:
    first, second, absent = class_scores(CONFUSION)
    assert (first.precision, first.recall, first.f1, first.support) == pytest.approx((3 / 4, 3 / 4, 3 / 4, 4))
    assert (second.precision, second.recall, second.f1, second.support) == pytest.approx((1 / 2, 1 / 3, 2 / 5, 3))
    assert (absent.precision, absent.f1, absent.support) == (0.0, 0.0, 0)
    assert math.isnan(absent.recall)


def test_precision_is_not_a_number_when_the_class_is_never_predicted() -> None:
    never = class_scores(np.array([[2, 0], [1, 0]], np.int64))[1]
    assert math.isnan(never.precision)
    assert (never.recall, never.f1) == (0.0, 0.0)


def test_macro_f1_is_the_mean_over_classes_that_occur() -> None:
    assert macro_f1(CONFUSION) == pytest.approx((3 / 4 + 2 / 5) / 2)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((0, 1, 2), [[3, 1, 0], [1, 1, 1], [0, 0, 0]]),
        ((0, 0, 1), [[6, 1], [0, 0]]),
        ((1, 0, 1), [[1, 2], [1, 3]]),
        ((0, 0, 0), [[7]]),
    ],
    ids=["none", "first two", "first and last, order changed", "all"],
)
def test_merged_classes_sum_rows_and_columns(groups: tuple[int, ...], expected: list[list[int]]) -> None:
    np.testing.assert_array_equal(merge_classes(CONFUSION, ids(*groups)), expected)
