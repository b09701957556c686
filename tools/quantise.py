"""Does int8 pay? Static quantisation of a shipped bundle, measured beside its fp32 original.

python tools/quantise.py --bundle detector-light --data PATH/txl-pbc --out results/quantisation
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from hemascope.core.manifest import ModelManifest
from hemascope.data.machine import describe_machine
from hemascope.data.readers import read_cells, read_fields
from hemascope.evaluation.classification import evaluate_classifier
from hemascope.evaluation.detection import SCORE_FLOOR, evaluate_detector
from hemascope.imaging.crop import serving_crop
from hemascope.imaging.decode import decode_image
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import Letterbox, resize_rgb
from hemascope.inference.bundle import ModelBundle, load_bundle
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.inference.session import open_session
from hemascope.service.registry import find_bundle_folder

CALIBRATION_IMAGES = 96  # of the training part
FIGURES = {
    "detection": ("ap", "ap50", "ap75", "ap50_wbc", "ap75_wbc", "ap50_rbc", "ap50_platelet"),
    "classification": ("accuracy", "accuracy_coarse", "macro_f1"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    bundle = load_bundle(find_bundle_folder(options.bundle))
    inputs = list(_training_inputs(bundle.manifest, options.data))
    rows = [_measure(bundle, "fp32", inputs, options.data, options.threads)]
    with tempfile.TemporaryDirectory() as scratch:
        rows.append(_measure(_quantise(bundle, inputs, Path(scratch)), "int8", inputs, options.data, options.threads))
    options.out.mkdir(parents=True, exist_ok=True)
    machine = describe_machine("onnxruntime") | {"threads": options.threads}
    with (options.out / f"{options.bundle}.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0], *machine], lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | machine for row in rows)
    for row in rows:
        print(row)


@dataclass
class _Calibration(CalibrationDataReader):  # type: ignore[misc]  # untyped base
    inputs: list[NDArray[np.float32]]

    def __post_init__(self) -> None:
        self._left = iter(self.inputs)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self._left, None)
        return None if batch is None else {"image": batch}


def _training_inputs(manifest: ModelManifest, data: Path) -> Iterator[NDArray[np.float32]]:
    """Single normalised inputs, taken evenly over the training part of the dataset the bundle was trained on."""
    preprocessing, settings = manifest.preprocessing, manifest.classification
    samples = (read_fields("txl-pbc", data, "train") if settings is None else read_cells("pbc", data, "train")).samples
    for i in np.linspace(0, len(samples) - 1, CALIBRATION_IMAGES).astype(int):
        rgb = decode_image(samples[i].path.read_bytes())
        if settings is None:
            rgb = Letterbox.plan(rgb.shape[1], rgb.shape[0], preprocessing.input_size, preprocessing.stride).apply(rgb)
        else:
            crop = serving_crop(rgb, None, settings.crop_context, settings.whole_image_zoom)
            rgb = resize_rgb(crop, preprocessing.input_size, preprocessing.input_size)
        yield normalise_batch([rgb], preprocessing.mean, preprocessing.std)


def _quantise(bundle: ModelBundle, inputs: list[NDArray[np.float32]], scratch: Path) -> ModelBundle:
    prepared, quantised = scratch / "prepared.onnx", scratch / bundle.manifest.onnx_file
    quant_pre_process(str(bundle.onnx_path), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared),
        str(quantised),
        _Calibration(inputs),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],  # the rest costs accuracy (boxes) and no time
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
    digest = sha256(quantised.read_bytes()).hexdigest()
    return ModelBundle(bundle.manifest.model_copy(update={"onnx_sha256": digest, "precision": "int8"}), scratch)


def _measure(
    bundle: ModelBundle, precision: str, inputs: list[NDArray[np.float32]], data: Path, threads: int
) -> dict[str, str | float | int]:
    session = open_session(bundle, threads=threads)

    def run_once() -> float:
        started = time.perf_counter()
        for batch in inputs:
            session.run(batch)
        return time.perf_counter() - started

    run_once()
    milliseconds = 1000 * min(run_once() for _ in range(3)) / len(inputs)
    size = bundle.onnx_path.stat().st_size / 2**20
    if bundle.manifest.task == "detection":
        detector = Detector(bundle, threads=threads, score_threshold=SCORE_FLOOR)
        figures = evaluate_detector(detector, read_fields("txl-pbc", data, "val"), _silent).headline()
    else:
        figures = evaluate_classifier(
            Classifier(bundle, threads=threads), read_cells("pbc", data, "val"), _silent
        ).headline()
    chosen = {name: round(figures[name], 4) for name in FIGURES[bundle.manifest.task]}
    return {"precision": precision, "ms_an_image": round(milliseconds, 2), "mib": round(size, 2), **chosen}


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Evaluation wants somewhere to report to."""


if __name__ == "__main__":
    main()
