"""Detectors: dense boxes and scores from a batch of images."""

from hemascope.models.detectors.retinanet import RetinaNet, retinanet_light

__all__ = ["RetinaNet", "retinanet_light"]
