"""IBN-ResNet34 (Ma et al. 2020): a ResNet whose first norms look at single images, so that stain matters less."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import timm

from hemascope.errors import ModelError
from hemascope.models._pretrained import reach_hub
from hemascope.models._registry import register_model
from hemascope.models.classifiers.resnet import FeatureClassifier, resnet_light
from hemascope.models.layers.instance_batch_norm import InstanceBatchNorm, instance_norm_like

# what takes the place of the first norm of each residual block, in layers 1 to 4; None leaves it
_KINDS: dict[str, tuple[Any, Any, Any, Any]] = {
    "low": (InstanceBatchNorm, InstanceBatchNorm, InstanceBatchNorm, instance_norm_like),
    "a": (InstanceBatchNorm, InstanceBatchNorm, InstanceBatchNorm, None),
    "none": (None, None, None, None),
}


@register_model("classification")
def ibn_resnet34(
    num_classes: int, *, ibn: str = "low", dropout: float = 0.0, pretrained: bool = False
) -> FeatureClassifier:
    """The paper's network for crops of 224 pixels; sides must be above 32.

    The first norm of every residual block is replaced. The paper says that low layers get instance beside batch norm
    and high layers instance norm: `ibn` low reads this as layers 1 to 3 and layer 4. With a, layer 4 keeps its batch
    norm (IBN-a of Pan et al. 2018); none is ResNet34. The second norm stays a batch norm in all of them, so that what a
    block adds keeps its scale. All have as many parameters; `pretrained` ImageNet weights are those of ResNet34.
    """
    with reach_hub() if pretrained else nullcontext():
        backbone: Any = timm.create_model("resnet34", num_classes=0, pretrained=pretrained)
    _replace_first_norms(backbone, ibn)
    return FeatureClassifier(backbone, backbone.num_features, num_classes, dropout)


@register_model("classification")
def ibn_resnet_small(
    num_classes: int,
    *,
    width: int = 40,
    blocks: Sequence[int] = (2, 2, 2, 2),
    ibn: str = "low",
    dropout: float = 0.0,
) -> FeatureClassifier:
    """`ibn_resnet34` as deep as ResNet18, `width`, 2, 4, 8 x `width` channels wide, for crops of about 112 pixels."""
    network = resnet_light(num_classes, width=width, blocks=blocks, dropout=dropout)
    _replace_first_norms(network.backbone, ibn)
    return network


def _replace_first_norms(backbone: Any, ibn: str) -> None:
    if ibn not in _KINDS:
        raise ModelError(f"ibn is '{ibn}'; choose one of: {', '.join(_KINDS)}")
    layers = (backbone.layer1, backbone.layer2, backbone.layer3, backbone.layer4)
    for layer, replace in zip(layers, _KINDS[ibn], strict=True):
        for block in layer if replace else ():
            block.bn1 = replace(block.bn1)
