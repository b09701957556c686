import math

import pytest
import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.models.layers.sparse_attention import AlphaPer, SparseSelection, encode_chosen, encode_watched

HEADS = 3


def block(width: int = 12) -> Block:
    torch.manual_seed(0)
    made = Block(width, HEADS, qkv_bias=True)
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.5)  # attention that is far from even
    return made.eval()


def slow_attention(watched: Block, tokens: Tensor) -> Tensor:
    """Eqs. 5.4 and 5.5, one image, one head, one pair of tokens at a time."""
    batch, count, width = tokens.shape
    size = width // HEADS
    projected = watched.attn.qkv(watched.norm1(tokens))
    maps = torch.zeros(batch, HEADS, count, count)
    for image in range(batch):
        for head in range(HEADS):
            queries = projected[image, :, head * size : (head + 1) * size]
            keys = projected[image, :, width + head * size : width + (head + 1) * size]
            for i in range(count):
                scores = torch.stack([(queries[i] * keys[j]).sum() / size**0.5 for j in range(count)])
                maps[image, head, i] = scores.exp() / scores.exp().sum()
    return maps


def class_rows(batch: int = 2, layers: int = 4, patches: int = 9) -> Tensor:
    """What class tokens might look at; the rest of their attention is on themselves."""
    torch.manual_seed(1)
    return (torch.randn(batch, layers, HEADS, patches + 1) * 2).softmax(dim=-1)[..., 1:]


def slow_alpha(selection: SparseSelection, rows: Tensor) -> Tensor:
    """`(B, L, heads)`, one image and one head at a time."""
    batch, layers, heads, patches = rows.shape
    first, second = selection.excite[0], selection.excite[2]
    alpha = torch.zeros(batch, layers, heads)
    for image in range(batch):
        squeezed = torch.tensor(
            [
                [math.log(1 + patches * sum(float(a) ** 2 for a in rows[image, layer, head])) for head in range(heads)]
                for layer in range(layers)
            ]
        )
        for head in range(heads):
            z = squeezed[:, head] if selection.alpha == "head" else squeezed.mean(dim=1)
            excited = second.weight @ (first.weight @ z + first.bias).clamp(min=0) + second.bias  # type: ignore[operator]
            alpha[image, :, head] = excited.exp() / excited.exp().sum()
    return alpha


@pytest.mark.parametrize("whole_map", [True, False])
def test_watching_a_block_changes_nothing_and_gives_its_attention(whole_map: bool) -> None:
    watched, tokens = block(), torch.randn(2, 7, 12)
    with torch.no_grad():
        expected, maps = watched(tokens), slow_attention(watched, tokens)
        output, seen = encode_watched(watched, tokens, whole_map=whole_map)
    torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(seen, maps if whole_map else maps[:, :, :1], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(seen.sum(dim=-1), torch.ones(seen.shape[:-1]))
    assert maps.std() > 0.1, "the attention must have had something to tell"


@pytest.mark.parametrize("alpha", ["layer", "head"])
def test_patch_is_chosen_as_the_equations_say(alpha: AlphaPer) -> None:
    torch.manual_seed(0)
    selection, rows = SparseSelection(4, alpha), class_rows()
    with torch.no_grad():
        weights = slow_alpha(selection, rows)
        torch.testing.assert_close(selection.layer_weights(rows).expand_as(weights), weights)
        patch, attention = selection(rows)
        for image in range(2):
            for head in range(HEADS):
                combined = sum(
                    float(w) * row for w, row in zip(weights[image, :, head], rows[image, :, head], strict=True)
                )
                assert isinstance(combined, Tensor)
                assert patch[image, head] == combined.argmax()
                torch.testing.assert_close(attention[image, head], combined.max())


@pytest.mark.parametrize("layer", [0, 3])
def test_layer_that_has_all_the_weight_chooses_alone(layer: int) -> None:
    selection, rows = SparseSelection(4, "layer"), class_rows()
    nn.init.zeros_(selection.excite[2].weight)  # type: ignore[arg-type]
    nn.init.zeros_(selection.excite[2].bias)  # type: ignore[arg-type]
    with torch.no_grad():
        torch.testing.assert_close(selection.layer_weights(rows), torch.full((2, 4, 1), 0.25))
        selection.excite[2].bias[layer] = 100  # type: ignore[index,operator]
        torch.testing.assert_close(selection(rows)[0], rows[:, layer].argmax(dim=-1))


def test_what_is_squeezed_is_one_for_even_attention_and_the_number_of_patches_for_one_patch() -> None:
    selection = SparseSelection(2, "layer")
    squeezed: list[Tensor] = []
    selection.excite.register_forward_pre_hook(lambda _, inputs: squeezed.append(inputs[0]))
    rows = torch.zeros(1, 2, HEADS, 9)
    rows[:, 0] = 1 / 9
    rows[:, 1, :, 4] = 1
    selection(rows)
    torch.testing.assert_close(squeezed[0].expm1(), torch.tensor([[[1.0, 9.0]]]))


@pytest.mark.parametrize("alpha", ["layer", "head"])
def test_both_kinds_of_alpha_have_the_parameters_that_are_written_down(alpha: AlphaPer) -> None:
    assert sum(p.numel() for p in SparseSelection(12, alpha).parameters()) == 4 * 12**2 + 3 * 12


def test_unknown_alpha_is_refused() -> None:
    with pytest.raises(ModelError, match="alpha is 'map'; choose one of layer, head"):
        SparseSelection(12, "map")  # type: ignore[arg-type]


def test_chosen_patches_and_the_class_token_go_through_the_block_alone() -> None:
    last, tokens = block(), torch.randn(2, 5, 12)
    patch = torch.tensor([[3, 0, 3], [1, 2, 0]])
    with torch.no_grad():
        chosen = encode_chosen(last, tokens, patch, torch.rand(2, 3))
        expected = last(torch.stack([tokens[0, [0, 4, 1, 4]], tokens[1, [0, 2, 3, 1]]]))
    torch.testing.assert_close(chosen, expected, rtol=1e-4, atol=1e-4)


def test_attention_gets_the_gradient_that_a_factor_behind_the_norm_would_get() -> None:
    last, tokens, patch = block().double(), torch.randn(1, 5, 12).double(), torch.tensor([[3, 1]])
    attention = torch.tensor([[0.2, 0.05]], dtype=torch.double, requires_grad=True)
    encode_chosen(last, tokens, patch, attention)[0, 0].sum().backward()
    assert attention.grad is not None
    step = 1e-6
    for head, value in enumerate((0.2, 0.05)):
        results = []
        for sign in (-1, 1):
            factor = torch.ones(1, 3, 1).double()
            factor[0, head + 1] += sign * step
            with torch.no_grad():
                chosen = tokens[:, [0, 4, 2]]
                chosen = chosen + last.attn(last.norm1(chosen) * factor)
                results.append((chosen + last.mlp(last.norm2(chosen)))[0, 0].sum().item())
        slope = (results[1] - results[0]) / (2 * step)
        assert abs(slope) > 1e-3
        assert attention.grad[0, head].item() * value == pytest.approx(slope, rel=1e-4)


def test_class_token_that_looks_at_itself_alone_gives_finite_gradients() -> None:
    selection, rows = SparseSelection(2, "layer"), torch.zeros(1, 2, HEADS, 9, requires_grad=True)
    encode_chosen(block(), torch.randn(1, 10, 12), *selection(rows)).square().sum().backward()
    assert rows.grad is not None
    assert rows.grad.isfinite().all()
