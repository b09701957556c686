"""Vision transformer with overlapping patches and sparse attention (Sun et al. 2022; thesis chapter 5)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from timm.layers.pos_embed import resample_abs_pos_embed
from timm.models.vision_transformer import Block, init_weights_vit_timm
from torch import Tensor, nn

from hemascope.errors import ModelError
from hemascope.models.layers.sparse_attention import SparseSelection, encode_chosen, encode_watched


@dataclass(frozen=True, slots=True)
class EncoderSize:
    """Blocks, heads, width of a token, and width of the hidden layer in each block's MLP."""

    depth: int
    heads: int
    width: int
    mlp_width: int

    def __post_init__(self) -> None:
        if min(self.depth, self.heads, self.width, self.mlp_width) < 1 or self.width % self.heads:
            raise ModelError(f"{self} cannot be built; all must be at least 1, and the width a multiple of the heads")


class AttentionMaps(NamedTuple):
    """What the network looked at; token 0 is the class token, the patches follow row by row."""

    maps: Tensor  # (B, L, heads, n + 1, n + 1) float32; rows sum to one
    selected: Tensor  # (B, heads) patch numbers from 0 to n - 1; (B, 0) without sparse attention
    grid_side: int  # n = grid_side ** 2


class SparseViT(nn.Module):
    """A ViT on overlapping patches and, with a `selection`, one more block that sees the chosen patches alone.

    Gives logits `(B, classes)` and the normed class token `(B, D)`. `vit` is timm's, of the given size, with
    the position embedding of a square grid; for images of another size it is interpolated.
    """

    def __init__(
        self,
        vit: Any,
        size: EncoderSize,
        num_classes: int,
        selection: SparseSelection | None,
        dropout: float,
    ) -> None:
        super().__init__()
        self.backbone = vit
        self.grid_side = round((vit.pos_embed.shape[1] - 1) ** 0.5)
        self.selection = selection
        self.last_block: Block | None = None
        if selection is not None:
            self.last_block = Block(size.width, size.heads, size.mlp_width / size.width, qkv_bias=True)
            self.last_block.apply(init_weights_vit_timm)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(size.width, num_classes)

    def embed(self, images: Tensor) -> Tensor:
        """Tokens `(B, n + 1, D)` (eq. 5.2)."""
        patches = self.backbone.patch_embed.proj(images)
        rows, columns = patches.shape[-2:]
        positions = self.backbone.pos_embed
        if (rows, columns) != (self.grid_side, self.grid_side):
            positions = resample_positions(positions, rows, columns)
        class_token = self.backbone.cls_token.expand(images.shape[0], -1, -1)  # len() would fix the batch of an export
        tokens: Tensor = torch.cat([class_token, patches.flatten(2).transpose(1, 2)], dim=1) + positions
        return tokens

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.embed(images)
        if self.selection is None or self.last_block is None:
            tokens = self.backbone.blocks(tokens)
        else:
            tokens, attention = self._encode(tokens, whole_map=False)
            tokens = encode_chosen(self.last_block, tokens, *self.selection(attention[..., 0, 1:]))
        features = self.backbone.norm(tokens[:, 0])
        return self.head(self.dropout(features)), features

    @torch.no_grad()
    def attention_maps(self, images: Tensor) -> AttentionMaps:
        """What each block of the encoder looks at in square images; not the block behind the selection.

        Raises ModelError for images that are not square.
        """
        if images.shape[-2] != images.shape[-1]:
            raise ModelError(f"attention maps are for square images, not {tuple(images.shape[-2:])}; crop or pad them")
        maps = self._encode(self.embed(images), whole_map=True)[1]
        selected = torch.zeros(len(images), 0, dtype=torch.long, device=images.device)
        if self.selection is not None:
            selected = self.selection(maps[..., 0, 1:])[0]
        return AttentionMaps(maps, selected, round((maps.shape[-1] - 1) ** 0.5))

    @torch.no_grad()
    def combined_map(self, maps: Tensor) -> Tensor:
        """The maps of all blocks weighed as for the selection (eq. 5.10): `(B, heads, n + 1, n + 1)`.

        Raises ModelError for a network without sparse attention, which weighs nothing.
        """
        if self.selection is None:
            raise ModelError("a network without sparse attention has no combined map; build it with sparse: true")
        return (self.selection.layer_weights(maps[..., 0, 1:])[..., None, None] * maps).sum(dim=1)

    def _encode(self, tokens: Tensor, *, whole_map: bool) -> tuple[Tensor, Tensor]:
        """Tokens behind the encoder, and its attention `(B, L, heads, n + 1, n + 1)` or of the class token alone."""
        seen = []
        for block in self.backbone.blocks:
            tokens, attention = encode_watched(block, tokens, whole_map=whole_map)
            seen.append(attention)
        return tokens, torch.stack(seen, dim=1)


def resample_positions(positions: Tensor, rows: int, columns: int) -> Tensor:
    """Position embedding `(1, 1 + n, D)` of a square grid, interpolated to another; the class token's stays."""
    moved: Tensor = resample_abs_pos_embed(positions, new_size=[rows, columns], antialias=False)
    return moved
