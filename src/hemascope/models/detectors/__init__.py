"""Detectors: dense boxes and scores from a batch of images."""

from hemascope.models.detectors import (
    cascade_rcnn,
    detr,
    faster_rcnn,
    retinanet_presets,
    torchvision_dense,
    yolov3,
)
from hemascope.models.detectors.retinanet import RetinaNet

__all__ = [
    "RetinaNet",
    "cascade_rcnn",
    "detr",
    "faster_rcnn",
    "retinanet_presets",
    "torchvision_dense",
    "yolov3",
]
