"""Classifiers: logits and features from a batch of cell crops."""

from hemascope.models.classifiers.adsa_net import adsa_net, adsa_net_small
from hemascope.models.classifiers.resnet import resnet_light
from hemascope.models.classifiers.sparse_vit_presets import sparse_vit, sparse_vit_small

__all__ = ["adsa_net", "adsa_net_small", "resnet_light", "sparse_vit", "sparse_vit_small"]
