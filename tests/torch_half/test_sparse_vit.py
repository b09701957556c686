from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import timm
import torch
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.export.to_onnx import export_classifier
from hemascope.models import create_model
from hemascope.models.classifiers.sparse_vit import EncoderSize, SparseViT
from hemascope.models.complexity import measure_complexity
from torch_half.small_models import SMALL

CLASSES = 10


def build(**options: Any) -> SparseViT:
    """A tiny one whose attention is far from even: its weights are larger than at the start of a training."""
    torch.manual_seed(0)
    options = SMALL["sparse_vit_small"] | options
    model = create_model("sparse_vit_small", task="classification", num_classes=CLASSES, **options)
    assert isinstance(model, SparseViT)
    with torch.no_grad():
        for parameter in model.backbone.blocks.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.eval()


def paper(**options: Any) -> SparseViT:
    """Of full size, and without memory."""
    with torch.device("meta"):
        model = create_model("sparse_vit", task="classification", num_classes=CLASSES, **options)
    assert isinstance(model, SparseViT)
    return model


def tokens_of(model: SparseViT) -> int:
    return model.grid_side**2 + 1


@pytest.mark.parametrize(
    ("options", "parameters_m", "tokens"),
    [
        ({"sparse": False, "stride": 16}, 85.81, 197),
        ({"stride": 16}, 92.89, 197),
        ({}, 92.92, 226),
        ({"stride": 12}, 92.99, 325),
        ({"alpha": "head"}, 92.92, 226),
    ],
    ids=["ViT-B/16", "with sparse attention", "with overlap: the default", "the text's stride", "alpha a head"],
)
def test_parameters_and_tokens_are_the_papers(options: dict[str, Any], parameters_m: float, tokens: int) -> None:
    model = paper(**options)
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 2) == parameters_m
    assert tokens_of(model) == tokens


# the paper counts the linear layers alone, so that its figures grow in step with the tokens: 16.95 * 226 / 197 = 19.44
@pytest.mark.parametrize(
    ("options", "tokens", "paper_g", "tolerance"),
    [
        ({"sparse": False, "stride": 16}, 197, 16.86, 0.002),
        ({"stride": 16}, 197, 16.95, 0.002),
        ({}, 226, 19.44, 0.002),
        ({"patch": 32, "stride": 32}, 50, 4.36, 0.025),
        ({"patch": 32, "stride": 24}, 82, 7.16, 0.015),
        ({"stride": 16, "size": "10x12x768"}, 197, 14.16, 0.002),
        ({"stride": 16, "size": "8x12x768"}, 197, 11.37, 0.002),
        ({"stride": 16, "size": "6x12x768"}, 197, 8.58, 0.002),
        ({"stride": 16, "size": "4x12x768"}, 197, 5.79, 0.002),
        ({"stride": 16, "size": "2x12x768"}, 197, 3.0, 0.002),
        ({"stride": 16, "size": "12x8x512"}, 197, 10.04, 0.002),
        ({"stride": 16, "size": "8x8x512"}, 197, 6.73, 0.002),
        ({"stride": 16, "size": "12x4x256"}, 197, 4.39, 0.002),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_multiply_adds_without_those_of_the_attention_are_the_papers(
    options: dict[str, Any], tokens: int, paper_g: float, tolerance: float
) -> None:
    model = paper(**options)
    assert tokens_of(model) == tokens
    width, blocks = model.backbone.embed_dim, len(model.backbone.blocks)
    attention = 2 * tokens**2 * width * blocks
    measured = measure_complexity(model, 224, 224).macs
    assert measured - attention == pytest.approx(paper_g * 1e9, rel=tolerance)


@pytest.mark.parametrize(
    ("size", "paper_m"),
    [
        ("12x12x768", 92.89), ("10x12x768", 78.73), ("8x12x768", 64.54), ("6x12x768", 50.37), ("4x12x768", 36.28),
        ("2x12x768", 22.02), ("12x8x512", 55.13), ("8x8x512", 38.32), ("12x4x256", 24.18),
    ],
)  # fmt: skip
def test_every_size_has_the_parameters_of_table_5_4(size: str, paper_m: float) -> None:
    model = paper(size=size, stride=16)
    depth, heads, width = (int(part) for part in size.split("x"))
    first = model.backbone.blocks[0]
    assert (len(model.backbone.blocks), first.attn.num_heads, model.backbone.embed_dim) == (depth, heads, width)
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(paper_m, rel=0.003)


@pytest.mark.parametrize(
    ("options", "parameters_m", "macs_g"),
    [
        ({"patch": 32, "stride": 32}, 94.55, 4.50),
        ({"patch": 32, "stride": 24}, 94.58, 7.37),
        ({"stride": 16, "size": "4x8x512"}, 21.51, 3.58),
        ({"stride": 16, "size": "4x4x256"}, 9.45, 1.57),
    ],
    ids=["P = 32", "P = 32 with overlap", "17.57 M in the paper", "about 7 M in the paper"],
)
def test_counts_that_the_paper_does_not_give_or_gives_otherwise(
    options: dict[str, Any], parameters_m: float, macs_g: float
) -> None:
    measured = measure_complexity(paper(**options), 224, 224)
    assert (round(measured.parameters / 1e6, 2), round(measured.macs / 1e9, 2)) == (parameters_m, macs_g)


def test_small_one_costs_less_than_a_resnet18() -> None:
    with torch.device("meta"):
        small = create_model("sparse_vit_small", task="classification", num_classes=11)
        resnet = timm.create_model("resnet18", num_classes=11)
    measured, limit = measure_complexity(small, 112, 112), measure_complexity(resnet, 112, 112)
    assert (round(measured.parameters / 1e6, 2), round(measured.macs / 1e9, 2)) == (3.28, 0.31)
    assert measured.macs < limit.macs


def test_size_can_be_changed_one_by_one() -> None:
    model = paper(size="4x4x256", depth=3, mlp_width=512)
    first = model.backbone.blocks[0]
    assert (len(model.backbone.blocks), first.attn.num_heads, first.mlp.fc1.out_features) == (3, 4, 512)


def test_without_overlap_and_sparse_attention_it_is_the_librarys_vit() -> None:
    model, images = build(sparse=False, stride=16), torch.rand(2, 3, 64, 64)
    twin: Any = timm.create_model(
        "vit_base_patch16_224", img_size=64, embed_dim=24, depth=2, num_heads=3, num_classes=0
    )
    twin.load_state_dict(model.backbone.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(model(images)[1], twin.eval()(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("height", "width", "stride"), [(64, 64, 10), (45, 71, 16), (16, 33, 7)])
def test_each_token_is_its_patch_its_overlap_and_its_place(height: int, width: int, stride: int) -> None:
    model, images = build(stride=stride), torch.rand(1, 3, height, width)
    nn.init.zeros_(model.backbone.pos_embed)
    kernel, bias = model.backbone.patch_embed.proj.weight.flatten(1), model.backbone.patch_embed.proj.bias
    with torch.no_grad():
        expected = [model.backbone.cls_token[0, 0]] + [
            kernel @ images[0, :, top : top + 16, left : left + 16].flatten() + bias
            for top in range(0, height - 15, stride)
            for left in range(0, width - 15, stride)
        ]
        torch.testing.assert_close(model.embed(images)[0], torch.stack(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (45, 71), (16, 16)], ids=["as built", "odd", "one patch"])
@pytest.mark.parametrize("sparse", [True, False])
def test_images_of_any_size_give_finite_features(sparse: bool, height: int, width: int) -> None:
    with torch.no_grad():
        logits, features = build(sparse=sparse)(torch.rand(1, 3, height, width))
    assert (logits.shape, features.shape) == ((1, CLASSES), (1, 24))
    assert features.isfinite().all()


@pytest.mark.parametrize("alpha", ["layer", "head"])
@pytest.mark.parametrize("size", [64, 48])
def test_attention_maps_are_those_that_the_forward_pass_chose_by(alpha: str, size: int) -> None:
    model, images = build(alpha=alpha), torch.rand(2, 3, size, size)
    chosen: list[Tensor] = []
    assert model.selection is not None
    model.selection.register_forward_hook(lambda _module, _inputs, output: chosen.append(output[0]))
    with torch.no_grad():
        features = model(images)[1]
    maps, selected, side = model.attention_maps(images)
    assert side == (size - 16) // 10 + 1
    assert maps.shape == (2, 2, 3, side**2 + 1, side**2 + 1)
    torch.testing.assert_close(maps.sum(dim=-1), torch.ones(maps.shape[:-1]))
    assert torch.equal(selected, chosen[0])
    combined = model.combined_map(maps)
    torch.testing.assert_close(combined.sum(dim=-1), torch.ones(combined.shape[:-1]))
    assert torch.equal(combined[:, :, 0, 1:].argmax(dim=-1), selected)
    with torch.no_grad():
        torch.testing.assert_close(model(images)[1], features)


def test_not_fused_encoder_gives_what_the_fused_one_gives() -> None:
    model, images = build(), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        tokens = model.embed(images)
        fused, rows = model._encode(tokens, whole_map=False)
        slow, maps = model._encode(tokens, whole_map=True)
        torch.testing.assert_close(fused, slow, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(rows, maps[..., :1, :], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(fused, model.backbone.blocks(tokens), rtol=1e-4, atol=1e-4)


def test_plain_vit_has_maps_and_chooses_nothing() -> None:
    model = build(sparse=False)
    maps, selected, side = model.attention_maps(torch.rand(2, 3, 64, 64))
    assert (selected.shape, side) == ((2, 0), 5)
    with pytest.raises(ModelError, match=r"no combined map; build it with sparse: true"):
        model.combined_map(maps)


def test_maps_of_an_image_that_is_not_square_are_refused() -> None:
    with pytest.raises(ModelError, match=r"square images, not \(64, 48\)"):
        build().attention_maps(torch.rand(1, 3, 64, 48))


@pytest.mark.parametrize("alpha", ["layer", "head"])
def test_alpha_learns_from_the_class_loss(alpha: str) -> None:
    model = build(alpha=alpha).train()
    nn.functional.cross_entropy(model(torch.rand(3, 3, 64, 64))[0], torch.tensor([0, 1, 2])).backward()
    assert model.selection is not None
    for name, parameter in model.selection.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 1e-5, name


def test_last_block_sees_the_chosen_patches_alone() -> None:
    model, images = build(), torch.rand(1, 3, 64, 64)
    seen: list[Tensor] = []
    assert model.last_block is not None
    model.last_block.norm1.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model(images)
        tokens = model._encode(model.embed(images), whole_map=False)[0]
    selected = model.attention_maps(images).selected[0]
    torch.testing.assert_close(seen[0][0], tokens[0, [0, *(selected + 1).tolist()]])


@pytest.mark.parametrize("sparse", [True, False])
def test_half_precision_gives_finite_gradients_and_nearly_the_same_logits(sparse: bool) -> None:
    model, images = build(sparse=sparse), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        expected = model(images)[1]
    with torch.autocast("cpu", torch.bfloat16):
        logits, features = model.train()(images)
        maps = model.attention_maps(images).maps
    (logits.float().square().sum() + features.float().square().sum()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert maps.dtype == torch.float32
    if not sparse:  # where two patches are nearly as strong, rounding may choose the other one
        torch.testing.assert_close(features.float(), expected, rtol=0, atol=0.2)


def test_evaluation_is_deterministic_and_training_drops() -> None:
    model, images = build(dropout=0.5, drop_path=0.5), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(model(images)[0], model(images)[0])
        model.train()
        assert not torch.equal(model(images)[0], model(images)[0])


@pytest.mark.parametrize(("stride", "side"), [(16, 14), (14, 15)])
def test_pretrained_weights_are_the_librarys_with_positions_moved_to_the_grid(
    monkeypatch: pytest.MonkeyPatch, stride: int, side: int
) -> None:
    asked: list[tuple[str, bool]] = []
    positions = torch.zeros(1, 197, 768)
    positions[:, 0] = 7
    positions[0, 1:, 0] = torch.arange(14).repeat(14).float()  # the column
    positions[0, 1:, 1] = 3

    def fake(name: str, *, pretrained: bool, **options: Any) -> nn.Module:
        asked.append((name, pretrained))
        with torch.device("meta"):
            vit: Any = create(name, pretrained=False, **options)
        vit.pos_embed = nn.Parameter(positions)
        return vit  # type: ignore[no-any-return]

    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", fake)
    model = create_model("sparse_vit", task="classification", num_classes=2, pretrained=True, stride=stride)
    assert asked == [("vit_base_patch16_224", True)]
    assert isinstance(model, SparseViT)
    moved = model.backbone.pos_embed[0]
    assert moved.shape == (side**2 + 1, 768)
    assert (moved[0] == 7).all()
    torch.testing.assert_close(moved[1:, 1], torch.full((side**2,), 3.0))
    columns = moved[1:, 0].reshape(side, side)
    torch.testing.assert_close(columns, columns[:1].expand(side, side))
    assert columns[0].diff().min() > 0
    assert columns[0].mean().item() == pytest.approx(6.5, abs=0.01)


def test_unreachable_hub_is_one_clear_error_that_names_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(ModelError, match=r"cannot be fetched \(no network\).*pretrained: false"):
        create_model("sparse_vit", task="classification", num_classes=2, pretrained=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": "12x12"}, "size is '12x12'; choose one of 12x12x768, "),
        ({"stride": 0}, "the stride must be from 1 to the patch"),
        ({"stride": 17}, "image_size 224, patch 16, stride 17"),
        ({"image_size": 15}, "the patch at most the image"),
        ({"width": 100}, "width=100.*the width a multiple of the heads"),
        ({"depth": 0}, "depth=0.*all must be at least 1"),
        ({"alpha": "map"}, "alpha is 'map'; choose one of layer, head"),
        ({"pretrained": True, "depth": 10}, "pretrained weights exist for size 12x12x768 with patch 16 or 32"),
        ({"pretrained": True, "patch": 20}, "with patch 20; set pretrained: false"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_options_that_fit_no_network_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        paper(**options)


def test_size_says_what_is_wrong_with_it() -> None:
    with pytest.raises(ModelError, match="heads=0"):
        EncoderSize(1, 0, 8, 8)


def test_exported_network_repeats_the_original_at_any_batch(tmp_path: Path) -> None:
    model = build(alpha="head")
    export_classifier(model, tmp_path / "model.onnx", input_size=64)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        images = torch.randn(batch, 3, 64, 64, generator=torch.Generator().manual_seed(batch))
        with torch.no_grad():
            logits, features = model(images)
        onnx_logits, onnx_features = session.run(["logits", "features"], {"image": images.numpy()})
        np.testing.assert_allclose(onnx_logits, logits.numpy(), atol=1e-4, rtol=0)
        np.testing.assert_allclose(onnx_features, features.numpy(), atol=1e-4, rtol=0)
