"""Classifiers: logits and features from a batch of cell crops."""

from hemascope.models.classifiers.resnet import resnet_light

__all__ = ["resnet_light"]
