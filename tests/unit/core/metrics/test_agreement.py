import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from hemascope.core.metrics.agreement import cohen_kappa
from hemascope.core.metrics.classification import confusion_matrix

metrics = pytest.importorskip("sklearn.metrics")
IDS = hnp.arrays(np.int64, 20, elements=st.integers(0, 3))


@given(IDS, IDS)
def test_kappa_is_that_of_the_reference(first: NDArray[np.int64], second: NDArray[np.int64]) -> None:
    found = cohen_kappa(confusion_matrix(first, second, 4))
    if len(set(first) | set(second)) == 1:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(metrics.cohen_kappa_score(first, second))


def test_kappa_of_no_cells_is_not_a_number() -> None:
    assert math.isnan(cohen_kappa(np.zeros((3, 3), np.int64)))
