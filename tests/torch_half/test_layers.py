import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hemascope.models.layers.anchors import anchor_sizes, decode_boxes, encode_boxes, grid_anchors
from hemascope.models.layers.fpn import FeaturePyramid


def test_anchor_sizes_keep_their_area_over_ratios() -> None:
    sizes = anchor_sizes(32, (1.0, 2.0), (0.5, 1.0, 2.0))
    assert sizes.shape == (6, 2)
    torch.testing.assert_close(sizes.prod(dim=1), torch.tensor([1024.0] * 3 + [4096.0] * 3))
    torch.testing.assert_close(sizes[:, 1] / sizes[:, 0], torch.tensor([0.5, 1.0, 2.0] * 2))


def test_anchors_stand_at_the_middle_of_their_cell_row_by_row_sizes_fastest() -> None:
    sizes = torch.tensor([[4.0, 4.0], [8.0, 2.0]])
    anchors = grid_anchors(torch.zeros(1, 5, 2, 3), 16, sizes)
    assert anchors.shape == (2 * 3 * 2, 4)
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    expected = [(x, y) for y in (8.0, 24.0) for x in (8.0, 24.0, 40.0) for _ in sizes]
    torch.testing.assert_close(centres, torch.tensor(expected))
    torch.testing.assert_close(anchors[:, 2:] - anchors[:, :2], sizes.repeat(6, 1))


corner = st.floats(-50, 400, width=32)
side = st.floats(1, 300, width=32)
boxes = st.tuples(corner, corner, side, side).map(lambda b: torch.tensor([b[0], b[1], b[0] + b[2], b[1] + b[3]]))


@given(boxes, boxes)
def test_decoding_undoes_encoding(box: torch.Tensor, anchor: torch.Tensor) -> None:
    back = decode_boxes(encode_boxes(box.double(), anchor.double()), anchor.double())
    within_scale = ((box[2:] - box[:2]) / (anchor[2:] - anchor[:2]) < 1000 / 16).all()
    if within_scale:
        torch.testing.assert_close(back, box.double(), rtol=1e-6, atol=1e-4)


def test_zero_deltas_are_the_anchor_and_wild_ones_stay_finite() -> None:
    anchors = torch.tensor([[0.0, 0.0, 16.0, 32.0]])
    torch.testing.assert_close(decode_boxes(torch.zeros(1, 4), anchors), anchors)
    wild = decode_boxes(torch.tensor([[0.0, 0.0, 1e4, 1e4]]), anchors)
    assert wild.isfinite().all()
    assert (wild[0, 2] - wild[0, 0]).item() == pytest.approx(16 * math.exp(math.log(1000 / 16)), rel=1e-4)


@pytest.mark.parametrize(
    ("height", "width", "extra"), [(64, 64, 0), (32, 96, 0), (64, 128, 2)], ids=["square", "wide", "extra levels"]
)
def test_pyramid_keeps_the_sizes_and_gives_every_level_the_same_width(height: int, width: int, extra: int) -> None:
    features = [torch.rand(2, c, height // s, width // s) for c, s in ((4, 8), (8, 16), (16, 32))]
    levels = FeaturePyramid((4, 8, 16), 6, extra)(features)
    strides = [8 * 2**i for i in range(3 + extra)]
    assert [tuple(level.shape) for level in levels] == [
        (2, 6, max(1, -(-height // s)), max(1, -(-width // s))) for s in strides
    ]


def test_pyramid_carries_what_the_coarsest_map_sees_to_the_finest() -> None:
    pyramid = FeaturePyramid((4, 4), 4)
    fine, coarse = torch.zeros(1, 4, 8, 8), torch.zeros(1, 4, 4, 4)
    changed = coarse.clone()
    changed[..., 0, 0] = 1
    with torch.no_grad():
        difference = (pyramid([fine, changed])[0] - pyramid([fine, coarse])[0]).abs().sum(dim=1)[0]
    assert difference[:2, :2].min() > 0
    assert difference[4:, 4:].max() == 0
