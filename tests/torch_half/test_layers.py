import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from hemascope.models.layers.anchors import anchor_sizes, decode_boxes, encode_boxes, grid_anchors
from hemascope.models.layers.fpn import CoarserLevels, FeaturePyramid
from hemascope.models.layers.path_aggregation import GlobalAttentionPath, GlobalAttentionStep


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


def test_coarser_levels_are_made_from_the_coarsest_map_and_then_from_each_other() -> None:
    extra, coarsest = CoarserLevels(5, 4, 2), torch.randn(2, 5, 7, 6)
    first, second = extra(coarsest)
    assert (first.shape, second.shape) == ((2, 4, 4, 3), (2, 4, 2, 2))
    torch.testing.assert_close(first, extra[0](coarsest))
    torch.testing.assert_close(second, extra[1](first.clamp(min=0)))
    assert (first < 0).any(), "the ReLU must have had something to do"


def slow_step(step: GlobalAttentionStep, finer: torch.Tensor, coarser: torch.Tensor) -> torch.Tensor:
    """The equations of thesis section 4.2.1, one image, one channel, one place at a time."""
    first, second = step.guide[0], step.guide[2]
    images = []
    for fine, coarse in zip(finer, coarser, strict=True):
        hidden = (first.weight @ coarse.flatten(1).mean(dim=1) + first.bias).clamp(min=0)  # type: ignore[operator]
        weights = 1 / (1 + torch.exp(-(second.weight @ hidden + second.bias)))  # type: ignore[operator]
        down = slow_convolution(step.down, fine, stride=2)
        mixed = torch.stack([w * d + c for w, d, c in zip(weights, down, coarse, strict=True)])
        images.append(slow_convolution(step.smooth, mixed, stride=1))
    return torch.stack(images)


def slow_convolution(layer: nn.Conv2d, image: torch.Tensor, stride: int) -> torch.Tensor:
    channels, height, width = image.shape
    padded = torch.zeros(channels, height + 2, width + 2)
    padded[:, 1:-1, 1:-1] = image
    assert layer.bias is not None
    rows = [
        [
            (layer.weight * padded[:, y : y + 3, x : x + 3]).sum(dim=(1, 2, 3)) + layer.bias
            for x in range(0, width, stride)
        ]
        for y in range(0, height, stride)
    ]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=1)


@pytest.mark.parametrize(("height", "width"), [(6, 4), (5, 7), (1, 1)], ids=["even", "odd", "one place"])
def test_global_attention_step_does_what_its_equations_say(height: int, width: int) -> None:
    torch.manual_seed(0)
    step = GlobalAttentionStep(6)
    finer, coarser = torch.randn(2, 6, height, width), torch.randn(2, 6, -(-height // 2), -(-width // 2))
    with torch.no_grad():
        torch.testing.assert_close(step(finer, coarser), slow_step(step, finer, coarser), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("channels", "hidden"), [(256, 16), (512, 32), (16, 16)])
def test_guide_is_a_sixteenth_as_wide_and_at_least_sixteen(channels: int, hidden: int) -> None:
    assert GlobalAttentionStep(channels).guide[0].out_features == hidden


def test_path_with_no_attention_is_a_convolution_of_each_level() -> None:
    path = GlobalAttentionPath(4, 3)
    for step in path.steps:
        nn.init.constant_(step.guide[2].bias, -1e4)  # type: ignore[index,union-attr,arg-type]
    levels = [torch.randn(2, 4, side, side) for side in (8, 4, 2)]
    with torch.no_grad():
        finest, *others = path(levels)
        assert finest is levels[0]
        for step, level, other in zip(path.steps, levels[1:], others, strict=True):
            torch.testing.assert_close(other, step.smooth(level))  # type: ignore[operator]


def test_path_carries_what_the_finest_map_sees_to_the_coarsest() -> None:
    path = GlobalAttentionPath(4, 3, extra_levels=1)
    levels = [torch.zeros(1, 4, side, side) for side in (16, 8, 4)]
    changed = [levels[0].clone(), *levels[1:]]
    changed[0][..., 0, 0] = 5
    with torch.no_grad():
        before, after = path(levels), path(changed)
    assert [tuple(level.shape[-2:]) for level in after] == [(16, 16), (8, 8), (4, 4), (2, 2)]
    assert all((a - b).abs().max() > 1e-4 for a, b in zip(after, before, strict=True))


def test_coarser_level_says_which_channels_of_the_finer_one_count() -> None:
    torch.manual_seed(0)
    step, finer = GlobalAttentionStep(4), torch.randn(1, 4, 8, 8)
    one, other = torch.zeros(1, 4, 4, 4), torch.randn(1, 4, 4, 4)
    with torch.no_grad():
        shares = [step(finer, coarse) - step(torch.zeros_like(finer), coarse) for coarse in (one, other)]
    assert (shares[0] - shares[1]).abs().max() > 1e-3
