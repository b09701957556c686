"""How the registered networks are built and fed in tests: small where they can be, at a side that they take."""

from inspect import signature
from typing import Any

from hemascope.models._registry import _ENTRIES

_SIDE = 64
_LARGER_SIDES = {"inception_v3": 80}  # has nothing left of less than 75 pixels

# options that make a network small; one that is not listed is built with its defaults
SMALL: dict[str, dict[str, Any]] = {
    "retinanet_light": {"width": 8, "blocks": (1, 1, 1, 1), "channels": 16, "tower_depth": 1},
    "retinanet_paper": {"backbone": "test_resnet", "channels": 16, "tower_depth": 1},
    "resnet_light": {"width": 8},
    "adsa_net_small": {"width": 8, "blocks": (1, 1, 1, 1), "branch_channels": 4},
    "sparse_vit": {"image_size": 64, "stride": 12, "depth": 2, "heads": 3, "width": 24, "mlp_width": 48},
    "sparse_vit_small": {"image_size": 64, "depth": 2, "width": 24},
    "cascade_rcnn": {"width": 8, "blocks": (1, 1, 1, 1), "channels": 16, "hidden": 16, "proposals": 20},
    "detr": {
        "width": 8,
        "blocks": (1, 1, 1, 1),
        "channels": 16,
        "queries": 10,
        "encoder_layers": 1,
        "decoder_layers": 2,
    },
    "faster_rcnn": {"width": 8, "blocks": (1, 1, 1, 1), "channels": 16, "hidden": 16, "proposals": 20},
    "fcos": {"width": 8, "blocks": (1, 1, 1, 1), "channels": 32, "tower_depth": 1},
    "retinanet_torchvision": {"width": 8, "blocks": (1, 1, 1, 1), "channels": 16, "tower_depth": 1},
    "ssd": {"width": 8, "blocks": (1, 1, 1, 1)},
    "yolov3": {"width": 8, "blocks": (1, 1, 1, 1), "channels": 16},
    "efficientnet_dsp": {
        "depths": (1, 1, 1, 1, 1, 2),
        "widths": (8, 8, 8, 16, 16, 24),
        "head_width": 32,
        "drop_block": 0.0,  # a branch that is dropped has no gradient
    },
    "efficientnet_dsp_small": {"depths": (1, 1, 1, 1, 1, 1), "drop_block": 0.0},
    "efficientnetv2_s": {"library": {"stochastic_depth_prob": 0.0}},
    "ibn_resnet_small": {"width": 8, "blocks": (1, 1, 1, 1)},
    "inception_v3": {"library": {"init_weights": False}},  # its own blow up before the norms have seen an image
    "resnet34": {"library": {"layers": (1, 1, 1, 1), "channels": (8, 16, 24, 32)}},
    "resnet50": {"library": {"layers": (1, 1, 1, 1), "channels": (8, 16, 24, 32)}},
    "resnext50": {"library": {"layers": (1, 1, 1, 1), "channels": (16, 16, 24, 32)}},
    "seresnet50": {"library": {"layers": (1, 1, 1, 1), "channels": (8, 16, 24, 32)}},
    "swin_tiny": {"library": {"embed_dim": 24, "depths": (1, 1, 1, 1), "num_heads": (1, 2, 4, 8)}},
    "vgg16_bn": {"library": {"mlp_ratio": 0.01}},
    "vit_small": {"library": {"depth": 2, "embed_dim": 48, "num_heads": 3}},
}


def takes_one_size(name: str) -> bool:
    """Whether the network is built for squares of its option `image_size` alone."""
    return "image_size" in signature(_ENTRIES[name].build).parameters


def small_options(name: str) -> dict[str, Any]:
    size = {"image_size": _SIDE} if takes_one_size(name) else {}
    return size | SMALL.get(name, {})


def side(name: str) -> int:
    """Side in pixels of a square that the network takes when built with `small_options`."""
    given: int = small_options(name).get("image_size", _LARGER_SIDES.get(name, _SIDE))
    return given
