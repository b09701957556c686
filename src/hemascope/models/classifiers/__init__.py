"""Classifiers: logits and features from a batch of cell crops."""

from hemascope.models.classifiers import adsa_net, efficientnet_dsp, ibn_resnet, peers, resnet, sparse_vit_presets

__all__ = ["adsa_net", "efficientnet_dsp", "ibn_resnet", "peers", "resnet", "sparse_vit_presets"]
