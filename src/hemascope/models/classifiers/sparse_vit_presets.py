"""The sparse-attention ViT as published, and the one that trains on a processor."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import timm
import torch
from torch import nn

from hemascope.errors import ModelError
from hemascope.models._pretrained import reach_hub
from hemascope.models._registry import register_model
from hemascope.models.classifiers.sparse_vit import EncoderSize, SparseViT, resample_positions
from hemascope.models.layers.sparse_attention import AlphaPer, SparseSelection

_PAPER = "12x12x768"
# rows of thesis table 5.4, and the smallest one of its text
_ROWS = f"{_PAPER} 10x12x768 8x12x768 6x12x768 4x12x768 2x12x768 12x8x512 8x8x512 4x8x512 12x4x256 4x4x256".split()
_MLP_WIDTH = 3072  # not in the table, but what its parameter counts say for every width
_PRETRAINED_PATCHES = (16, 32)


def _size(row: str) -> EncoderSize:
    depth, heads, width = (int(part) for part in row.split("x"))
    return EncoderSize(depth, heads, width, _MLP_WIDTH)


SIZES = {row: _size(row) for row in _ROWS}


@register_model("classification")
def sparse_vit(
    num_classes: int,
    *,
    image_size: int = 224,
    patch: int = 16,
    stride: int = 14,
    size: str = _PAPER,
    depth: int | None = None,
    heads: int | None = None,
    width: int | None = None,
    mlp_width: int | None = None,
    sparse: bool = True,
    alpha: AlphaPer = "layer",
    pretrained: bool = False,
    dropout: float = 0.0,
    drop_path: float = 0.0,
) -> SparseViT:
    """ViT-B/16 on 224 pixels with overlapping patches and sparse attention, as published.

    A patch of `patch` pixels a side begins every `stride` pixels: 14 gives the 226 tokens of table 5.5, 12 is what the
    text says (325 tokens), 16 is no overlap. `size` is a row of table 5.4, depth x heads x width; `depth`, `heads`,
    `width` and `mlp_width` change it. Without `sparse` it is a plain ViT. `alpha` is one weight a layer, or one a layer
    and head. `pretrained` gives the encoder of the paper's size ImageNet weights; the last block begins anew.

    The blocks are timm's, norm first and GELU: so say the paper's counts and its pretrained weights, though not its
    text.
    """
    if size not in SIZES:
        raise ModelError(f"size is '{size}'; choose one of {', '.join(SIZES)}")
    changes = {"depth": depth, "heads": heads, "width": width, "mlp_width": mlp_width}
    encoder = replace(SIZES[size], **{name: value for name, value in changes.items() if value is not None})
    if pretrained and (encoder != SIZES[_PAPER] or patch not in _PRETRAINED_PATCHES):
        raise ModelError(
            f"pretrained weights exist for size {_PAPER} with patch 16 or 32, not for {encoder} with patch {patch}; "
            "set pretrained: false"
        )
    vit = _overlapping_vit(encoder, _PatchGrid(image_size, patch, stride), pretrained, drop_path)
    return SparseViT(vit, encoder, num_classes, SparseSelection(encoder.depth, alpha) if sparse else None, dropout)


@register_model("classification")
def sparse_vit_small(
    num_classes: int,
    *,
    image_size: int = 112,
    patch: int = 16,
    stride: int = 10,
    depth: int = 6,
    heads: int = 3,
    width: int = 192,
    sparse: bool = True,
    alpha: AlphaPer = "layer",
    dropout: float = 0.0,
    drop_path: float = 0.0,
) -> SparseViT:
    """The same network for crops of about a hundred pixels and training on a processor; options as of `sparse_vit`."""
    encoder = EncoderSize(depth, heads, width, 4 * width)
    vit = _overlapping_vit(encoder, _PatchGrid(image_size, patch, stride), False, drop_path)
    return SparseViT(vit, encoder, num_classes, SparseSelection(depth, alpha) if sparse else None, dropout)


@dataclass(frozen=True, slots=True)
class _PatchGrid:
    """Patches of `patch` pixels a side, one every `stride` pixels of a square image."""

    image_size: int
    patch: int
    stride: int

    def __post_init__(self) -> None:
        if not 1 <= self.stride <= self.patch <= self.image_size:
            raise ModelError(
                f"image_size {self.image_size}, patch {self.patch}, stride {self.stride}: the stride must be from 1 to "
                "the patch, and the patch at most the image"
            )

    @property
    def side(self) -> int:
        """Patches a side (eq. 5.1)."""
        return (self.image_size - self.patch) // self.stride + 1


def _overlapping_vit(size: EncoderSize, grid: _PatchGrid, pretrained: bool, drop_path: float) -> Any:
    """timm's ViT without head, its patches and positions those of the grid."""
    with reach_hub() if pretrained else nullcontext():
        vit: Any = timm.create_model(
            f"vit_base_patch{grid.patch if pretrained else 16}_224",
            pretrained=pretrained,
            num_classes=0,
            patch_size=grid.patch,
            embed_dim=size.width,
            depth=size.depth,
            num_heads=size.heads,
            mlp_ratio=size.mlp_width / size.width,
            drop_path_rate=drop_path,
        )
    vit.patch_embed.proj.stride = (grid.stride, grid.stride)
    if pretrained:
        positions = resample_positions(vit.pos_embed.detach(), grid.side, grid.side)
    else:
        positions = nn.init.trunc_normal_(torch.empty(1, 1 + grid.side**2, size.width), std=0.02)
    vit.pos_embed = nn.Parameter(positions)
    return vit
