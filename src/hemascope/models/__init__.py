"""The networks. Importing this package fills the registry."""

from hemascope.models import classifiers, detectors
from hemascope.models._pretrained import PRETRAINED
from hemascope.models._registry import create_model, list_models, register_model

__all__ = ["PRETRAINED", "classifiers", "create_model", "detectors", "list_models", "register_model"]
