"""Small valid objects for tests: detections, manifests, and bundles with real little networks."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hemascope.core.detections import Detections
from hemascope.core.manifest import ModelManifest
from hemascope.imaging.resize import RgbArray

DETECTOR_CLASSES = ("wbc", "rbc", "platelet")
CLASSIFIER_CLASSES = (
    "basophil", "eosinophil", "erythroblast", "metamyelocyte", "myelocyte", "promyelocyte", "lymphocyte", "monocyte",
    "band_neutrophil", "segmented_neutrophil", "platelet",
)  # fmt: skip

GRID_PX = 32  # the tiny detector looks at one square of this side at a time
DARK = (40, 20, 80)  # colour of a square that the tiny detector calls wbc
RED = (230, 150, 150)  # rbc
BLUE = (150, 150, 230)  # platelet
GLASS = (240, 240, 240)  # nothing


def make_detections(
    boxes_xyxy: Sequence[Sequence[float]] = ((10, 10, 50, 50), (60, 20, 90, 40)),
    scores: Sequence[float] | None = None,
    class_ids: Sequence[int] | None = None,
) -> Detections:
    """Scores fall from 0.9, classes are 0 unless given."""
    n = len(boxes_xyxy)
    return Detections(
        np.array(boxes_xyxy, np.float32).reshape(n, 4),
        np.array(np.linspace(0.9, 0.5, n) if scores is None else scores, np.float32),
        np.array([0] * n if class_ids is None else class_ids, np.int64),
    )


def manifest_content(task: str, **changes: Any) -> dict[str, Any]:
    """A valid manifest as the JSON object that the file holds, top-level keys replaced by `changes`."""
    content: dict[str, Any] = {
        "schema": "hemascope.bundle/1",
        "name": f"tiny-{task}",
        "version": "1.0.0",
        "task": task,
        "architecture": "tiny",
        "onnx_file": "model.onnx",
        "onnx_sha256": "0" * 64,
        "opset": 17,
        "classes": list(DETECTOR_CLASSES if task == "detection" else CLASSIFIER_CLASSES),
        "preprocessing": {
            "input_size": 640 if task == "detection" else 64,
            "stride": GRID_PX,
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
        },
        "licence": "Apache-2.0",
        "data": ["painted"],
        "training_run": "none",
    }
    if task == "detection":
        content["detection"] = {"score_threshold": 0.5}
    else:
        content["classification"] = {"crop_context": 1.5}
    return content | changes


def make_manifest(task: str, **changes: Any) -> ModelManifest:
    return ModelManifest.model_validate(manifest_content(task, **changes))


def tiny_bundle(folder: Path, task: str, **changes: Any) -> Path:
    """Writes a bundle with a real ONNX graph; `changes` as in `manifest_content`. Skips the test where onnx is missing.

    The detector averages every square of 32 x 32 network pixels and gives it one box: wbc when dark, rbc when redder
    than blue, platelet when bluer than red. The classifier takes the class whose `class_colour` is nearest to the mean.
    """
    onnx = pytest.importorskip("onnx")
    folder.mkdir(parents=True, exist_ok=True)
    content = manifest_content(task, **changes)
    graph = _DETECTOR if task == "detection" else _classifier(len(content["classes"]))
    model = onnx.parser.parse_model('<ir_version: 8, opset_import: ["" : 17]>' + graph)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    content["onnx_sha256"] = changes.get("onnx_sha256", hashlib.sha256(data).hexdigest())
    (folder / content["onnx_file"]).write_bytes(data)
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "MODEL_CARD.md").write_text("# Tiny\n", encoding="utf-8")
    return folder


def class_colour(class_index: int) -> tuple[int, int, int]:
    """The mean colour that the tiny classifier takes for a class; 27 differ."""
    return 40 + 80 * (class_index % 3), 40 + 80 * (class_index // 3 % 3), 40 + 80 * (class_index // 9 % 3)


def paint_squares(width: int, height: int, cells: Sequence[tuple[int, int, tuple[int, int, int]]]) -> RgbArray:
    """Glass with one coloured square a cell: column and row of the 32-pixel grid, colour."""
    rgb = np.full((height, width, 3), GLASS, np.uint8)
    for column, row, colour in cells:
        rgb[row * GRID_PX : (row + 1) * GRID_PX, column * GRID_PX : (column + 1) * GRID_PX] = colour
    return rgb


# Scores: dark = 2 * (0.7 - mean), red = 8 * (R - B) * (1 - dark), blue = 8 * (B - R) * (1 - dark), factors in 0..1.
_DETECTOR = """
tiny (float[N, 3, H, W] image) => (float[N, A, 4] boxes, float[N, A, 3] scores)
<int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] four = {4},
 int64[3] flat = {0, 3, -1}, int64[2] parts = {1, 2}, float low = {0}, float high = {1}, float side = {32},
 float[3, 3, 1, 1] mix = {-0.6667, -0.6667, -0.6667, 8, 0, -8, -8, 0, 8}, float[3] shift = {1.4, 0, 0}>
{
  cells = AveragePool <kernel_shape = [32, 32], strides = [32, 32]> (image)
  raw = Conv (cells, mix, shift)
  cut = Clip (raw, low, high)
  dark, tinted = Split <axis = 1> (cut, parts)
  bright = Sub (high, dark)
  tinted_only = Mul (tinted, bright)
  mixed = Concat <axis = 1> (dark, tinted_only)
  flattened = Reshape (mixed, flat)
  scores = Transpose <perm = [0, 2, 1]> (flattened)
  shape = Shape (cells)
  grid_shape = Slice (shape, two, four)
  ones = ConstantOfShape <value = float[1] {1}> (grid_shape)
  index = NonZero (ones)
  index_f = Cast <to = 1> (index)
  yx = Mul (index_f, side)
  y = Slice (yx, zero, one)
  x = Slice (yx, one, two)
  x2 = Add (x, side)
  y2 = Add (y, side)
  rows = Concat <axis = 0> (x, y, x2, y2)
  grid = Transpose <perm = [1, 0]> (rows)
  batch = Slice (shape, zero, one)
  tail = Shape (grid)
  full = Concat <axis = 0> (batch, tail)
  boxes = Expand (grid, full)
}
"""


def _classifier(class_count: int) -> str:
    """Logits -100 * |colour - anchor|^2: the nearest anchor wins, and a colour far from all has a low log-sum-exp."""
    anchors = [np.array(class_colour(i)) / 255 for i in range(class_count)]
    weights = ", ".join(f"{200 * value:.6f}" for channel in range(3) for value in (a[channel] for a in anchors))
    biases = ", ".join(f"{-100 * float(a @ a):.6f}" for a in anchors)
    return f"""
tiny (float[N, 3, H, W] image) => (float[N, {class_count}] logits, float[N, 3] features)
<float hundred = {{100}}, float[3, {class_count}] weights = {{{weights}}}, float[{class_count}] biases = {{{biases}}}>
{{
  features = ReduceMean <axes = [2, 3], keepdims = 0> (image)
  products = Gemm (features, weights, biases)
  squares = ReduceSumSquare <axes = [1], keepdims = 1> (features)
  lengths = Mul (squares, hundred)
  logits = Sub (products, lengths)
}}
"""
