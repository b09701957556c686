"""Which patches matter: the attention of all encoder blocks, weighed, and its strongest patch a head (thesis 5.2.3)."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from hemascope.errors import ModelError

AlphaPer = Literal["layer", "head"]
_LEAST_ATTENTION = 1e-6  # a class token may look at itself alone


def encode_watched(block: Any, tokens: Tensor, *, whole_map: bool) -> tuple[Tensor, Tensor]:
    """Run a timm ViT block on tokens `(B, n + 1, D)` and give its attention beside its output.

    The attention is `(B, heads, n + 1, n + 1)` in float32, its rows sum to one (eq. 5.5); without `whole_map` only the
    class token's row `(B, heads, 1, n + 1)`, which leaves the block its fused attention and costs next to nothing.
    The block has no attention dropout, no layer scale and no norm of queries and keys.
    """
    attention = block.attn
    queries, keys, values = (
        attention.qkv(block.norm1(tokens)).unflatten(2, (3, attention.num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
    )
    watched = queries if whole_map else queries[:, :, :1]
    seen = (watched * attention.scale @ keys.transpose(-2, -1)).float().softmax(dim=-1)
    mixed = seen.to(values.dtype) @ values if whole_map else _fused(queries, keys, values)
    tokens = tokens + block.drop_path1(attention.proj_drop(attention.proj(mixed.transpose(1, 2).flatten(2))))
    return tokens + block.drop_path2(block.mlp(block.norm2(tokens))), seen


def _fused(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    mixed: Tensor = functional.scaled_dot_product_attention(queries, keys, values)
    return mixed


class SparseSelection(nn.Module):
    """Weighs the attention of `layers` blocks and picks one patch a head.

    Squeeze and excite: one number a map, then FC, ReLU, FC and softmax over the layers give alpha, and
    `A = sum_l alpha_l A_l` (eq. 5.10). The thesis squeezes by the mean of the map, but every row of a softmax sums to
    one, so that mean is the same for all maps. Here it is how concentrated the class token's attention a_l on the n
    patches is, c = `n * sum(a_l ** 2)`: 1 where all get the same, n where one gets all. `log(1 + c)` is what goes in,
    lest sharp attention saturate the softmax.

    `alpha` is one set of weights for all heads, from the mean over the heads ("layer", eq. 5.10 as it stands), or one
    for each from its own maps ("head"); both have the same `4 L ** 2 + 3 L` parameters. The hidden layer is twice as
    wide as L: its inputs are all positive, so that half of its units begin without gradient.
    """

    def __init__(self, layers: int, alpha: AlphaPer) -> None:
        super().__init__()
        if alpha not in get_args(AlphaPer):
            raise ModelError(f"alpha is '{alpha}'; choose one of {', '.join(get_args(AlphaPer))}")
        self.alpha = alpha
        self.excite = nn.Sequential(nn.Linear(layers, 2 * layers), nn.ReLU(), nn.Linear(2 * layers, layers))

    def layer_weights(self, class_rows: Tensor) -> Tensor:
        """alpha `(B, L, heads)`, or `(B, L, 1)` for all heads; the class token's attention is `(B, L, heads, n)`."""
        squeezed = (class_rows.shape[-1] * class_rows.square().sum(dim=-1)).log1p()
        if self.alpha == "layer":
            squeezed = squeezed.mean(dim=2, keepdim=True)
        excited: Tensor = self.excite(squeezed.transpose(1, 2))
        return excited.float().softmax(dim=-1).transpose(1, 2)

    def forward(self, class_rows: Tensor) -> tuple[Tensor, Tensor]:
        """Patch number `(B, heads)` from 0 and its weighed attention, from `(B, L, heads, n)`."""
        combined = (self.layer_weights(class_rows)[..., None] * class_rows).sum(dim=1)
        attention, patch = combined.max(dim=-1)
        return patch, attention


def encode_chosen(block: Any, tokens: Tensor, patch: Tensor, attention: Tensor) -> Tensor:
    """Run a timm ViT block on class token and chosen patches (eq. 5.11): `(B, n + 1, D)` to `(B, 1 + heads, D)`.

    A choice has no gradient. The chosen tokens are therefore multiplied by a factor that is 1 and has the gradient of
    the logarithm of their `attention` (straight-through), or alpha would never learn. It must stand behind the block's
    first norm, which takes any scale away.
    """
    index = (patch + 1)[..., None].expand(-1, -1, tokens.shape[-1])
    tokens = torch.cat([tokens[:, :1], tokens.gather(1, index)], dim=1)
    constant = attention.detach()
    factor = 1 + (attention - constant) / constant.clamp(min=_LEAST_ATTENTION)
    factor = functional.pad(factor, (1, 0), value=1.0)[..., None]
    normed = block.norm1(tokens)
    tokens = tokens + block.drop_path1(block.attn(normed * factor.to(normed.dtype)))
    chosen: Tensor = tokens + block.drop_path2(block.mlp(block.norm2(tokens)))
    return chosen
