"""Well-known classifiers as timm and torchvision build them, measured beside ours on the same data."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

import timm
import torchvision
from torch import nn

from hemascope.models._pretrained import reach_hub
from hemascope.models._registry import register_model
from hemascope.models.classifiers.resnet import FeatureClassifier

# our name: (the library's name, the paper)
_TIMM = {
    "efficientnet_b0": ("efficientnet_b0", "EfficientNet-B0 (Tan & Le 2019)"),
    "mobilenetv3": ("mobilenetv3_large_100", "MobileNetV3-Large (Howard et al. 2019)"),
    "resnet34": ("resnet34", "ResNet34 (He et al. 2016)"),
    "resnet50": ("resnet50", "ResNet50 (He et al. 2016)"),
    "resnext50": ("resnext50_32x4d", "ResNeXt50-32x4d (Xie et al. 2017)"),
    "seresnet50": ("seresnet50", "SE-ResNet50 (Hu et al. 2018)"),
    "vgg16_bn": ("vgg16_bn", "VGG16 with batch norms (Simonyan & Zisserman 2015)"),
}
_TIMM_OF_ONE_SIZE = {
    "swin_tiny": ("swin_tiny_patch4_window7_224", "Swin-T (Liu et al. 2021)"),
    "vit_small": ("vit_small_patch16_224", "ViT-S/16 (Dosovitskiy et al. 2021)"),
}
_TORCHVISION = {
    "alexnet": ("alexnet", "AlexNet (Krizhevsky 2014)"),
    "efficientnetv2_s": ("efficientnet_v2_s", "EfficientNetV2-S (Tan & Le 2021)"),
    "googlenet": ("googlenet", "GoogLeNet (Szegedy et al. 2015)"),
    "inception_v3": ("inception_v3", "InceptionV3 (Szegedy et al. 2016)"),
    "shufflenet_v2": ("shufflenet_v2_x0_5", "ShuffleNetV2 x0.5 (Ma et al. 2018)"),
}
_OF_INCEPTION_FAMILY = ("googlenet", "inception_v3")  # their second classifiers do not fit `(logits, features)`

_DOC = """{paper}, with a new last layer for our classes and features from the layer before it.

`pretrained` takes the library's ImageNet weights; `library` holds further options of the library's own builder."""
_DOC_OF_ONE_SIZE = f"{_DOC}\nThe network takes squares of `image_size` pixels alone."

Create = Callable[..., FeatureClassifier]  # (num_classes, dropout, pretrained, **options of the library)


def _from_timm(name: str, num_classes: int, dropout: float, pretrained: bool, **library: Any) -> FeatureClassifier:
    with reach_hub() if pretrained else nullcontext():
        backbone: Any = timm.create_model(name, num_classes=0, pretrained=pretrained, **library)
    return FeatureClassifier(backbone, backbone.head_hidden_size, num_classes, dropout)


def _from_torchvision(
    name: str, num_classes: int, dropout: float, pretrained: bool, **library: Any
) -> FeatureClassifier:
    if name in _OF_INCEPTION_FAMILY and not pretrained:  # which sets both itself
        library = {"aux_logits": False, "init_weights": True} | library
    with reach_hub() if pretrained else nullcontext():
        network = torchvision.models.get_model(name, weights="DEFAULT" if pretrained else None, **library)
    if isinstance(network, torchvision.models.Inception3):  # published with it, and GoogLeNet without
        network.aux_logits, network.AuxLogits = False, None
    path, last = [(path, layer) for path, layer in network.named_modules() if isinstance(layer, nn.Linear)][-1]
    network.set_submodule(path, nn.Identity())
    return FeatureClassifier(network, last.in_features, num_classes, dropout)


def _register(name: str, paper: str, create: Create) -> None:
    def build(
        num_classes: int, *, dropout: float = 0.0, pretrained: bool = False, library: Mapping[str, Any] | None = None
    ) -> FeatureClassifier:
        return create(num_classes, dropout, pretrained, **(library or {}))

    build.__name__, build.__doc__ = name, _DOC.format(paper=paper)
    register_model("classification")(build)


def _register_of_one_size(name: str, paper: str, create: Create) -> None:
    def build(
        num_classes: int,
        *,
        image_size: int = 224,
        dropout: float = 0.0,
        pretrained: bool = False,
        library: Mapping[str, Any] | None = None,
    ) -> FeatureClassifier:
        return create(num_classes, dropout, pretrained, img_size=image_size, **(library or {}))

    build.__name__, build.__doc__ = name, _DOC_OF_ONE_SIZE.format(paper=paper)
    register_model("classification")(build)


for _name, (_library_name, _paper) in _TIMM.items():
    _register(_name, _paper, partial(_from_timm, _library_name))
for _name, (_library_name, _paper) in _TIMM_OF_ONE_SIZE.items():
    _register_of_one_size(_name, _paper, partial(_from_timm, _library_name))
for _name, (_library_name, _paper) in _TORCHVISION.items():
    _register(_name, _paper, partial(_from_torchvision, _library_name))
