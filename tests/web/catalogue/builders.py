"""Bundles on disk. The catalogue never opens a network, so any bytes will do for one."""

import hashlib
import json
from pathlib import Path
from typing import Any

from builders import manifest_content
from hemascope.web.accounts.models import User
from hemascope.web.catalogue.actions import model_activate
from hemascope.web.catalogue.models import Activation
from hemascope.web.catalogue.selectors import newest_activation


def install_bundle(folder: Path, name: str, task: str = "classification", **changes: Any) -> Path:
    """`folder` is the one that HEMASCOPE_BUNDLES names."""
    network = f"network of {name} {changes}".encode()
    content = manifest_content(task, name=name, onnx_sha256=hashlib.sha256(network).hexdigest()) | changes
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / content["onnx_file"]).write_bytes(network)
    (folder / name / "manifest.json").write_text(json.dumps(content))
    (folder / name / "MODEL_CARD.md").write_text(f"# {name}\n")
    return folder / name


def activate(by: User, bundle: str, *, specimen: str = "bone-marrow", task: str = "classification") -> Activation:
    newest = newest_activation(specimen, task)
    return model_activate(
        by=by, specimen=specimen, task=task, bundle=bundle, number=newest.number if newest else 0, reason="better"
    )
