import numpy as np
import pytest
import torch

from anchor_builders import square_anchors
from hemascope.core.boxes import iou_xyxy
from hemascope.models.targets import FieldTarget
from hemascope.training.assignment import ImageCandidates
from hemascope.training.assignment.atss import assign_atss

ANCHORS, PER_LEVEL = square_anchors()
IMAGE = ImageCandidates(ANCHORS, PER_LEVEL, torch.zeros(len(ANCHORS), 1), torch.zeros(len(ANCHORS), 4))


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
    target = FieldTarget(tensor, torch.zeros(len(tensor), dtype=torch.long))
    assigned: list[int] = assign_atss(IMAGE, target, candidates=candidates).tolist()
    return assigned


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("count", "candidates"), [(1, 9), (5, 9), (40, 4)], ids=["one", "some", "many"])
def test_assignment_agrees_with_the_algorithm_done_slowly(seed: int, count: int, candidates: int) -> None:
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(-10, 90, (count, 2)), rng.uniform(4, 60, (count, 2))
    boxes = np.concatenate([corner, corner + size], axis=1)
    assert assign(boxes, candidates) == assign_slowly(boxes, candidates)


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


def test_tiny_box_between_anchor_centres_gets_nothing() -> None:
    assert set(assign([[9, 9, 11, 11]])) == {-1}


def test_more_candidates_than_anchors_of_a_level_are_no_fault() -> None:
    assert 0 in assign([[10, 10, 70, 70]], candidates=1000)


def test_single_competitor_is_its_own_threshold() -> None:
    image = ImageCandidates(ANCHORS[:1], (1,), torch.zeros(1, 1), torch.zeros(1, 4))
    target = FieldTarget(ANCHORS[:1], torch.zeros(1, dtype=torch.long))
    assert assign_atss(image, target, candidates=1).tolist() == [0]
