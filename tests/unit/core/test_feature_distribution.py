import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from hemascope.core.feature_distribution import FeatureDistribution


def test_distance_is_that_of_the_nearest_class(rng: np.random.Generator) -> None:
    means, features = rng.normal(0, 3, (4, 5)), rng.normal(0, 3, (20, 5))
    root = rng.normal(0, 1, (5, 5))
    found = FeatureDistribution(means.astype(np.float32), root.astype(np.float32)).distances(
        features.astype(np.float32)
    )
    expected = [min(mahalanobis(row, mean, root @ root.T) for mean in means) for row in features]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_no_features_have_no_distance() -> None:
    known = FeatureDistribution(np.zeros((2, 3), np.float32), np.eye(3, dtype=np.float32))
    assert known.distances(np.zeros((0, 3), np.float32)).shape == (0,)


@pytest.mark.parametrize(
    ("means", "whitening", "message"),
    [
        (np.zeros((2, 3)), np.eye(2), "expected"),
        (np.zeros(3), np.eye(3), "expected"),
        (np.full((2, 3), np.nan), np.eye(3), "not finite"),
        (np.zeros((2, 3)), np.full((3, 3), np.inf), "not finite"),
    ],
    ids=["other dimensions", "no classes", "nan", "infinite"],
)
def test_impossible_distribution_is_refused(means: np.ndarray, whitening: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FeatureDistribution(means.astype(np.float32), whitening.astype(np.float32))


def test_features_of_another_network_are_refused() -> None:
    known = FeatureDistribution(np.zeros((2, 3), np.float32), np.eye(3, dtype=np.float32))
    with pytest.raises(ValueError, match="do not fit"):
        known.distances(np.zeros((4, 5), np.float32))
