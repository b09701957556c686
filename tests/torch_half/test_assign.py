import numpy as np
import pytest
import torch
from torch import Tensor

from hemascope.core.boxes import iou_xyxy
from hemascope.models.layers.anchors import anchor_sizes, grid_anchors
from hemascope.training.assign import assign_atss

STRIDES = (8, 16, 32)
SIDE = 96


def anchors_of(side: int = SIDE) -> tuple[Tensor, tuple[int, ...]]:
    """One square anchor a place, four strides wide, in float64 so that distances have no rounding."""
    levels = [
        grid_anchors(torch.zeros(1, 1, side // s, side // s), s, anchor_sizes(4 * s, (1.0,), (1.0,)).double())
        for s in STRIDES
    ]
    return torch.cat(levels), tuple(len(level) for level in levels)


ANCHORS, PER_LEVEL = anchors_of()


def assign_slowly(boxes: np.ndarray, candidates: int) -> list[int]:  # type: ignore[type-arg]
    """Algorithm 1 of the paper, one box and one anchor at a time."""
    anchors = ANCHORS.numpy()
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    best: dict[int, tuple[float, int]] = {}
    for g, box in enumerate(boxes):
        middle = (box[:2] + box[2:]) / 2
        chosen: list[int] = []
        start = 0
        for count in PER_LEVEL:
            distance = [float(np.hypot(*(centres[a] - middle))) for a in range(start, start + count)]
            chosen += [start + int(i) for i in np.argsort(distance, kind="stable")[: min(candidates, count)]]
            start += count
        iou = [float(iou_xyxy(box[None], anchors[a][None])[0, 0]) for a in chosen]
        threshold = np.mean(iou) + np.std(iou, ddof=1)
        for a, overlap in zip(chosen, iou, strict=True):
            x, y = centres[a]
            if overlap >= threshold and box[0] < x < box[2] and box[1] < y < box[3]:
                best[a] = max(best.get(a, (-1.0, -1)), (overlap, g), key=lambda pair: pair[0])
    return [best[a][1] if a in best else -1 for a in range(len(anchors))]


def assign(boxes: object, candidates: int = 9) -> list[int]:
    tensor = torch.as_tensor(boxes, dtype=torch.float64).reshape(-1, 4)
    assigned: list[int] = assign_atss(ANCHORS, PER_LEVEL, tensor, candidates).tolist()
    return assigned


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("count", "candidates"), [(1, 9), (5, 9), (40, 4)], ids=["one", "some", "many"])
def test_assignment_agrees_with_the_algorithm_done_slowly(seed: int, count: int, candidates: int) -> None:
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(-10, 90, (count, 2)), rng.uniform(4, 60, (count, 2))
    boxes = np.concatenate([corner, corner + size], axis=1)
    assert assign(boxes, candidates) == assign_slowly(boxes, candidates)


def test_no_boxes_leave_every_anchor_to_the_background() -> None:
    assert set(assign([])) == {-1}


def test_one_giant_box_gets_anchors_of_the_coarsest_level() -> None:
    positive = [a for a, g in enumerate(assign([[-20, -20, 120, 120]])) if g == 0]
    assert positive
    assert min(positive) >= PER_LEVEL[0] + PER_LEVEL[1]


def test_box_of_the_size_of_a_fine_anchor_gets_the_anchors_it_fits() -> None:
    positive = [a for a, g in enumerate(assign([ANCHORS[50].tolist()])) if g == 0]
    assert 50 in positive
    assert max(positive) < PER_LEVEL[0]


def test_of_identical_boxes_the_first_gets_the_anchors() -> None:
    box = [20.3, 20.1, 55.2, 50.7]
    assert assign([box, box]) == assign([box])


def test_box_outside_the_input_gets_nothing() -> None:
    assert set(assign([[200, 200, 230, 230]])) == {-1}


def test_tiny_box_between_anchor_centres_gets_nothing() -> None:
    assert set(assign([[9, 9, 11, 11]])) == {-1}


def test_more_candidates_than_anchors_of_a_level_are_no_fault() -> None:
    assert 0 in assign([[10, 10, 70, 70]], candidates=1000)
