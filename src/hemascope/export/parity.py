"""Does the ONNX file give what the torch network gives, on real images?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from hemascope.errors import ExportParityError

MAX_PROBABILITY_DIFFERENCE = 1e-4  # fp32, see docs/models
MAX_BOX_DIFFERENCE_PX = 0.05


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest absolute differences over the images compared; `box_px` is None for a classifier."""

    images: int
    probability: float
    box_px: float | None


def check_parity(
    model: nn.Module, onnx_path: Path, batches: Sequence[NDArray[np.float32]], *, detector: bool
) -> Parity:
    """Compare on normalised inputs `(B, 3, H, W)`.

    Raises ExportParityError beyond the limits above, for a NaN, and when a detector sees no cell whose box could be
    compared.
    """
    session = onnxruntime.InferenceSession(str(onnx_path), providers=["CPUExecutionProvider"])
    compare = _compare_detections if detector else _compare_classes
    differences = [compare(model.eval(), session, batch) for batch in batches]
    images = sum(len(batch) for batch in batches)
    probability = float(np.max([p for p, _ in differences]))  # unlike max(), NaN stays NaN
    boxes_px = [box_px for _, box_px in differences if box_px is not None]
    box_px = float(np.max(boxes_px)) if boxes_px else None
    if detector and box_px is None:
        raise ExportParityError(f"{onnx_path.name}: no cell is seen on {images} images; train the detector longer")
    if not (probability <= MAX_PROBABILITY_DIFFERENCE and (box_px is None or box_px <= MAX_BOX_DIFFERENCE_PX)):
        boxes_text = "" if box_px is None else f", boxes by {box_px:.3f} px (limit {MAX_BOX_DIFFERENCE_PX})"
        raise ExportParityError(
            f"{onnx_path.name} differs from the trained network on {images} images: probabilities by {probability:.2e} "
            f"(limit {MAX_PROBABILITY_DIFFERENCE}){boxes_text}"
        )
    return Parity(images, probability, box_px)


@torch.no_grad()
def _compare_detections(
    model: nn.Module, session: onnxruntime.InferenceSession, batch: NDArray[np.float32]
) -> tuple[float, float | None]:
    """Largest differences of scores and of boxes in pixels; None where no cell is seen."""
    boxes, scores = (output.numpy() for output in model.predict(torch.from_numpy(batch)))  # type: ignore[operator]
    onnx_boxes, onnx_scores = session.run(["boxes", "scores"], {"image": batch})
    # boxes matter where something is seen: a far anchor's wild box is never reported
    seen = scores.max(axis=-1) > 0.05
    box_px = float(np.abs(boxes - onnx_boxes)[seen].max()) if seen.any() else None
    return float(np.abs(scores - onnx_scores).max()), box_px


@torch.no_grad()
def _compare_classes(
    model: nn.Module, session: onnxruntime.InferenceSession, batch: NDArray[np.float32]
) -> tuple[float, None]:
    """Largest difference of the probabilities."""
    logits, _ = model(torch.from_numpy(batch))
    onnx_logits = torch.from_numpy(session.run(["logits"], {"image": batch})[0])
    return float((logits.softmax(dim=1) - onnx_logits.softmax(dim=1)).abs().max()), None
