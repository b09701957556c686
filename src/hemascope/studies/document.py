"""The JSON document of a study."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from hemascope.data.machine import describe_machine


def write_document(path: Path, schema: str, title: str, measured_on: str, timed: int, runs: Sequence[object]) -> None:
    """Plain values, NaN as null. Raises OSError."""
    document = {
        "schema": schema,
        "title": title,
        "measured_on": measured_on,
        "images_timed": timed,
        "machine": describe_machine("torch", "torchvision", "timm"),
        "runs": runs,
    }
    path.write_text(json.dumps(_without_nan(document), indent=1) + "\n", encoding="utf-8")


def _without_nan(value: object) -> object:
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
