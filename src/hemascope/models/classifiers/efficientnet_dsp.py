"""EfficientNet-DSP (Zhu et al. 2026): EfficientNetV2-S with shuffle attention, block dropping and dynamic kernels."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import Any

from timm.layers.create_attn import create_attn
from timm.models._efficientnet_blocks import InvertedResidual
from timm.models._efficientnet_builder import decode_arch_def
from timm.models.efficientnet import EfficientNet
from torch import Tensor, nn
from torchvision.models import EfficientNet_V2_S_Weights

from hemascope.errors import ModelError
from hemascope.models._pretrained import reach_hub
from hemascope.models._registry import register_model
from hemascope.models.classifiers.resnet import FeatureClassifier
from hemascope.models.layers.drop_block import DropBlock, drop_share
from hemascope.models.layers.odconv import OmniDynamicDepthwise
from hemascope.models.layers.sar import ShuffleAttentionResidual

# block type, kernel, stride, expansion and options of the six stages (Tan & Le 2021, table 4); depth and width vary
_STAGES = (
    "cn_k3_s1_e1_skip", "er_k3_s2_e4", "er_k3_s2_e4", "ir_k3_s2_e4_se0.25", "ir_k3_s1_e6_se0.25", "ir_k3_s2_e6_se0.25",
)  # fmt: skip
_BASE_WIDTHS, _BASE_HEAD = (24, 48, 64, 128, 160, 256), 1280
_DYNAMIC_STAGES = (4, 5)  # counted from 0: stages 5 and 6 of the paper

ATTENTIONS: dict[str, Callable[[int], nn.Module] | None] = {
    "se": None,  # the base's own
    "eca": partial(create_attn, "eca"),
    "cbam": partial(create_attn, "cbam"),
    "sar": ShuffleAttentionResidual,
}


class EfficientNetDsp(FeatureClassifier):
    """The classifier; the training loop tells it the epoch, which sets the temperature of the dynamic kernels."""

    def begin_epoch(self, epoch: int) -> None:
        """Epoch `epoch`, counted from 0, is about to be trained."""
        for layer in self.modules():
            if isinstance(layer, OmniDynamicDepthwise):
                layer.begin_epoch(epoch)


@register_model("classification")
def efficientnet_dsp(
    num_classes: int,
    *,
    depths: Sequence[int] = (2, 3, 3, 4, 5, 11),
    widths: Sequence[int] = _BASE_WIDTHS,
    head_width: int = _BASE_HEAD,
    attention: str = "sar",
    drop_block: float = 0.1,
    drop_block_start: float = 0.0,
    block_size: int = 5,
    dynamic_kernels: int = 4,
    dropout: float = 0.2,
    pretrained: bool = False,
) -> EfficientNetDsp:
    """The paper's network for crops of 224 pixels; sides may be any from 32 up.

    `depths` and `widths` are the blocks and channels of the six stages. The paper's table of them is lost: the default
    depths come close to its 17.63 M parameters and 1.96 G multiply-adds; `(2, 4, 4, 6, 9, 15)` is EfficientNetV2-S.
    `attention` of the inverted residual blocks is se, eca, cbam or sar. `drop_block` is the share that the last
    residual branch drops (the paper names none), 0 for none, and `drop_block_start` the one that the line to it starts
    from. `dynamic_kernels` is K of the depthwise convolutions of the last two stages, 0 for plain ones. With se, 0 and
    0 it is the base of the ablation (table 4).

    `pretrained` takes torchvision's ImageNet weights of EfficientNetV2-S for every block that the depths keep, and the
    K kernels of a convolution start from its one.
    """
    if attention not in ATTENTIONS:
        raise ModelError(f"attention is '{attention}'; choose one of: {', '.join(ATTENTIONS)}")
    backbone = _efficientnet_v2(depths, widths, head_width)
    if pretrained:
        if (tuple(widths), head_width) != (_BASE_WIDTHS, _BASE_HEAD):
            raise ModelError(f"pretrained weights exist for widths {_BASE_WIDTHS} and head_width {_BASE_HEAD} alone")
        with reach_hub():
            state = EfficientNet_V2_S_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
        load_torchvision_weights(backbone, state)
    _replace_parts(backbone, ATTENTIONS[attention], dynamic_kernels)
    _drop_blocks(backbone, drop_block_start, drop_block, block_size)
    return EfficientNetDsp(backbone, head_width, num_classes, dropout)


@register_model("classification")
def efficientnet_dsp_small(
    num_classes: int,
    *,
    depths: Sequence[int] = (1, 2, 2, 2, 3, 3),
    widths: Sequence[int] = (16, 24, 40, 64, 96, 128),
    head_width: int = 512,
    attention: str = "sar",
    drop_block: float = 0.1,
    dynamic_kernels: int = 4,
    dropout: float = 0.2,
) -> EfficientNetDsp:
    """`efficientnet_dsp` for crops of 96 to 112 pixels on a few processor cores; the options are the same."""
    return efficientnet_dsp(
        num_classes,
        depths=depths,
        widths=widths,
        head_width=head_width,
        attention=attention,
        drop_block=drop_block,
        dynamic_kernels=dynamic_kernels,
        dropout=dropout,
    )


def _efficientnet_v2(depths: Sequence[int], widths: Sequence[int], head_width: int) -> Any:
    """timm's `EfficientNet`, its stages as deep and wide as asked."""
    if not len(depths) == len(widths) == len(_STAGES) or min(depths) < 1:
        raise ModelError(f"depths {depths} and widths {widths} must be {len(_STAGES)} numbers each, at least 1")
    stages = [[f"{s}_r{d}_c{w}"] for s, d, w in zip(_STAGES, depths, widths, strict=True)]
    return EfficientNet(
        decode_arch_def(stages),  # type: ignore[no-untyped-call]
        num_classes=0,
        num_features=head_width,
        stem_size=widths[0],
        act_layer=nn.SiLU,
        norm_layer=partial(nn.BatchNorm2d, eps=1e-3),
    )


def load_torchvision_weights(backbone: Any, state: dict[str, Tensor]) -> None:
    """Take the weights of torchvision's `efficientnet_v2_s`: block i of a stage from block i of the same stage.

    Inside a block both libraries list the same tensors in the same order, under other names.
    """
    last = len(_STAGES) + 1
    parts = {"conv_stem": "features.0.0", "bn1": "features.0.1"}
    parts |= {"conv_head": f"features.{last}.0", "bn2": f"features.{last}.1"}
    for stage, blocks in enumerate(backbone.blocks):
        parts |= {f"blocks.{stage}.{i}": f"features.{stage + 1}.{i}" for i in range(len(blocks))}
    for ours, theirs in parts.items():
        tensors = [value for key, value in state.items() if key.startswith(f"{theirs}.")]
        part = backbone.get_submodule(ours)
        part.load_state_dict(dict(zip(part.state_dict(), tensors, strict=True)))


def _replace_parts(backbone: Any, attention: Callable[[int], nn.Module] | None, kernels: int) -> None:
    for number, stage in enumerate(backbone.blocks):
        for block in stage:
            if not isinstance(block, InvertedResidual):
                continue
            if attention is not None:
                block.se = attention(block.conv_dw.out_channels)
            if kernels > 0 and number in _DYNAMIC_STAGES:
                block.conv_dw = OmniDynamicDepthwise(block.conv_dw, kernels)


def _drop_blocks(backbone: Any, start: float, final: float, size: int) -> None:
    blocks = list(chain.from_iterable(backbone.blocks))
    for number, block in enumerate(blocks, start=1):
        block.drop_path = DropBlock(drop_share(number, len(blocks), start, final), size)  # runs in residual branches
