import numpy as np

from hemascope.evaluation.outliers import fit_feature_distribution, neighbour_distances


def two_clouds(rng: np.random.Generator, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Classes at -3 and +3 of the first axis; the second axis is three times as wide as the others."""
    labels = np.arange(count) % 2
    features = rng.normal(0, 1, (count, 3)) * [1, 3, 1]
    features[:, 0] += 6 * labels - 3
    return features.astype(np.float32), labels


def test_fitted_distances_are_in_units_of_the_spread_within_classes(rng: np.random.Generator) -> None:
    known = fit_feature_distribution(*two_clouds(rng, 4000), 2)
    away = np.array([[-3, 0, 0], [3, 3, 0], [3, 0, 3], [0, 0, 0]], np.float32)
    np.testing.assert_allclose(known.distances(away), [0, 1, 3, 3], atol=0.25)


def test_fit_survives_a_feature_that_never_changes(rng: np.random.Generator) -> None:
    features, labels = two_clouds(rng)
    features[:, 2] = 0  # a dead unit of a network
    assert np.isfinite(fit_feature_distribution(features, labels, 2).distances(features)).all()


def test_nothing_is_fitted_where_a_class_has_no_cells(rng: np.random.Generator) -> None:
    features, labels = two_clouds(rng)
    assert fit_feature_distribution(features, labels, 3) is None


def test_neighbour_distance_is_that_of_the_kth_unit_row(rng: np.random.Generator) -> None:
    rows, known = rng.normal(0, 1, (5, 4)), rng.normal(0, 1, (9, 4))
    unit, unit_known = (r / np.linalg.norm(r, axis=1, keepdims=True) for r in (rows, known))
    expected = np.sort(np.linalg.norm(unit[:, None] - unit_known, axis=2), axis=1)[:, 2]
    np.testing.assert_allclose(neighbour_distances(rows, known, 3), expected, atol=1e-6)
