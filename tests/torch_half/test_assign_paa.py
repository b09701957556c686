import math

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from anchor_builders import row_image, truth
from hemascope.training.assignment import BACKGROUND, IGNORED
from hemascope.training.assignment.mixture import ITERATIONS, VARIANCE_FLOOR, fit_two_gaussians
from hemascope.training.assignment.paa import assign_paa


def scikit_mixture(values: np.ndarray) -> GaussianMixture:  # type: ignore[type-arg]
    """The same start and the same number of steps on values scaled to 0..1."""
    variance = values.var() + VARIANCE_FLOOR
    mixture = GaussianMixture(
        2,
        covariance_type="spherical",
        reg_covar=VARIANCE_FLOOR,
        means_init=[[0.0], [1.0]],
        weights_init=[0.5, 0.5],
        precisions_init=[1 / variance, 1 / variance],
        tol=0.0,
        max_iter=ITERATIONS,
    )
    with pytest.warns(ConvergenceWarning):  # it runs all its steps, as ours does
        return mixture.fit(values[:, None])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sizes", [(18, 9), (24, 3), (6, 6), (40, 1)], ids=str)
def test_mixture_agrees_with_scikit_learn(seed: int, sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(0.1, 0.05, sizes[0]), rng.normal(0.6, 0.1, sizes[1])])
    low, span = values.min(), np.ptp(values)
    expected = scikit_mixture((values - low) / span)
    found = fit_two_gaussians(torch.from_numpy(values)[None], torch.ones(1, len(values), dtype=torch.bool))
    np.testing.assert_allclose(found.weights[0], expected.weights_, atol=1e-6)
    np.testing.assert_allclose(found.means[0], low + span * expected.means_[:, 0], atol=1e-6)
    np.testing.assert_allclose(found.variances[0], span**2 * expected.covariances_, atol=1e-6)


def test_rows_are_fitted_apart_and_left_out_values_do_not_count() -> None:
    values = torch.tensor([[0.1, 0.2, 0.8, 0.9, 77.0], [0.001, 0.002, 0.009, 0.5, 0.4], [5.0, 6.0, 7.0, 8.0, 9.0]])
    valid = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]]).bool()
    together = fit_two_gaussians(values, valid)
    for row, count in ((0, 4), (1, 3)):
        alone = fit_two_gaussians(values[row : row + 1, :count], torch.ones(1, count).bool())
        torch.testing.assert_close(together.means[row], alone.means[0])
        torch.testing.assert_close(together.variances[row], alone.variances[0])
    assert together.means.isfinite().all()


def test_mixture_of_one_value_has_both_means_on_it() -> None:
    found = fit_two_gaussians(torch.full((1, 6), 0.3), torch.ones(1, 6).bool())
    torch.testing.assert_close(found.means, torch.full((1, 2), 0.3).double(), atol=1e-6, rtol=0)


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def test_scores_from_the_upper_mean_on_are_positive_and_below_the_lower_mean_background() -> None:
    # one box over six anchors, each predicts the box exactly, so the score is the class probability;
    # the two clusters have the means 0.10 and 0.85
    probabilities = [0.05, 0.11, 0.14, 0.80, 0.85001, 0.90]
    box = [0.0, 0.0, 120.0, 20.0]
    image = row_image([box] * 6, [logit(p) for p in probabilities])
    assigned = assign_paa(image, truth([box]), candidates=9, iou_power=1.0)
    assert assigned.tolist() == [BACKGROUND, IGNORED, IGNORED, IGNORED, 0, 0]


def test_best_candidates_of_a_level_alone_compete() -> None:
    box = [0.0, 0.0, 120.0, 20.0]
    image = row_image([box] * 6, [logit(p) for p in (0.05, 0.11, 0.14, 0.80, 0.84, 0.90)])
    assigned = assign_paa(image, truth([box]), candidates=1, iou_power=1.0)
    assert assigned.tolist() == [BACKGROUND] * 5 + [0]


@pytest.mark.parametrize(("iou_power", "best"), [(0.0, 0), (4.0, 1)], ids=["class alone", "overlap counts"])
def test_power_of_the_overlap_decides_which_answer_is_better(iou_power: float, best: int) -> None:
    # scores are p * IoU^power: 0.9 and 0.8 * 1, or 0.9 * 0.5^4 and 0.8
    box = [0.0, 0.0, 40.0, 20.0]
    image = row_image([[0.0, 0.0, 20.0, 20.0], box, box], [logit(0.9), logit(0.8), logit(0.5)])
    assigned = assign_paa(image, truth([box]), candidates=9, iou_power=iou_power).tolist()
    assert [a for a in range(3) if assigned[a] == 0] == [best]


def test_score_counts_the_class_of_the_box() -> None:
    box = [0.0, 0.0, 40.0, 20.0]
    image = row_image([box, box], [0.0, 0.0])
    image = type(image)(
        image.anchors_xyxy, image.anchors_per_level, torch.tensor([[3.0, -3.0], [-3.0, 3.0]]), image.boxes_xyxy
    )
    for class_id in (0, 1):
        assigned = assign_paa(image, truth([box], class_id), candidates=9, iou_power=1.0)
        assert (assigned == 0).nonzero().flatten().tolist() == [class_id]


def test_anchor_competes_only_for_the_box_it_overlaps_most() -> None:
    # the second anchor predicts box 0 perfectly, but lies on box 1, whose only candidate it is
    boxes = [[0.0, 0.0, 24.0, 20.0], [22.0, 0.0, 40.0, 20.0]]
    image = row_image([boxes[0], boxes[0]], [0.0, 2.0])
    assert assign_paa(image, truth(boxes), candidates=9, iou_power=1.0).tolist() == [0, 1]
