"""Options that make a registered network small; one that is not listed is built with its defaults."""

from typing import Any

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
}
