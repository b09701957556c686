"""Speed and memory of the shipped models on painted fields: `make bench`.

Whole processes (detect, analyze, --help) and the stages inside, on 100 painted fields of 640 x 480; the detector also
in PyTorch eager with the same shape of network. Time outside the networks is what of the wall time the caller does not
spend waiting for them: work of other threads counts only where no network runs. Writes OUT/speed.csv and
OUT/machine.json.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hemascope.data.machine import describe_machine
from hemascope.imaging.decode import open_image
from hemascope.imaging.resize import Letterbox
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import Classifier
from hemascope.inference.detector import Detector
from hemascope.inference.pipeline import Pipeline
from hemascope.inference.stage_times import StageTimes
from hemascope.service.analyse import analyse
from hemascope.service.inputs import collect_inputs
from hemascope.service.read_ahead import ImageReader
from hemascope.service.registry import find_bundle

FIELDS = 100
HEMASCOPE = str(Path(sys.executable).with_name("hemascope"))
NETWORKS = ("detection network", "classification network")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    rows: list[tuple[str, float, str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        fields = Path(scratch) / "fields"
        subprocess.run([HEMASCOPE, "synth", "--out", str(fields), "--fields", str(FIELDS), "--no-truth"], check=True)
        rows += _help_time()
        rows += _process("detect", [str(fields), "--json", str(Path(scratch) / "boxes.json")], options.threads)
        report = ["--out", str(Path(scratch) / "report"), "--specimen", "peripheral-blood"]
        rows += _process("analyze", [str(fields), *report], options.threads)
        paths = sorted(fields.glob("*.jpg"))
        rows += _stages(paths, options.threads, Path(scratch) / "analysis")
        rows += _eager(paths, options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "speed.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["figure", "value", "unit"])
        writer.writerows([name, f"{value:.4g}", unit] for name, value, unit in rows)
    machine = describe_machine("onnxruntime", "torch") | {"threads": options.threads}
    (options.out / "machine.json").write_text(json.dumps(machine, indent=2) + "\n")
    for name, value, unit in rows:
        print(f"{name:48} {value:10.4g} {unit}")


def _help_time() -> list[tuple[str, float, str]]:
    times = [_timed(lambda: subprocess.run([HEMASCOPE, "--help"], check=True, capture_output=True)) for _ in range(7)]
    return [("hemascope --help, median of 7", statistics.median(times), "s")]


def _process(command: str, arguments: list[str], threads: int) -> list[tuple[str, float, str]]:
    """Wall time and peak memory of one whole process, start-up and model loading included."""
    pid = os.posix_spawn(HEMASCOPE, [HEMASCOPE, command, *arguments, "--threads", str(threads)], dict(os.environ))
    started = time.perf_counter()
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"hemascope {command} ended with status {status}")
    return [
        (f"{command}, whole process", FIELDS / wall, "fields/s"),
        (f"{command}, peak memory", usage.ru_maxrss / 1024, "MiB"),
    ]


def _stages(paths: list[Path], threads: int, analysis: Path) -> list[tuple[str, float, str]]:
    """The pipeline in this process: rates of the networks, and the share of the time outside of them."""
    times = StageTimes()
    detector = Detector(load_bundle(find_bundle(None, "detection")), threads=threads, times=times)
    classifier = Classifier(load_bundle(find_bundle(None, "classification")), threads=threads, times=times)
    pipeline = Pipeline(detector, classifier)
    with open_image(paths[0]) as source:
        pipeline.run(source)
    times.seconds.clear()
    cells = 0
    started = time.perf_counter()
    with ImageReader(paths, pipeline.prepare, times) as reader:
        for _ in paths:
            with reader.next_image() as image:
                cells += len(pipeline.run(image.source, image.prepared).cells)
    wall = time.perf_counter() - started
    rows = [
        ("detection, network and suppression", len(paths) / _sum(times, "detection network", "nms"), "fields/s"),
        (
            "classification, crops to classes",
            cells / _sum(times, "preprocess crops", "classification network"),
            "cells/s",
        ),
        ("detection and classification in one process", len(paths) / wall, "fields/s"),
        ("share outside the networks", 1 - _sum(times, *NETWORKS) / wall, "of wall time"),
        ("sum of all stages, those read ahead included", sum(times.seconds.values()) / wall, "of wall time"),
    ]
    rows += [(f"stage: {stage}", 1000 * seconds / len(paths), "ms/field") for stage, seconds in times.seconds.items()]
    times.seconds.clear()
    # with the check of quality and all files written; the report page is left out
    whole_s = analyse(collect_inputs([str(path) for path in paths]), analysis, pipeline, ()).timings.total_s
    rows.append(("share outside the networks, analyze", 1 - _sum(times, *NETWORKS) / whole_s, "of wall time"))
    crops = [np.zeros((150, 150, 3), np.uint8)] * 256
    rows.append(("classification, batches of 32", 256 / _timed(lambda: classifier.classify(crops)), "cells/s"))
    return rows


def _sum(times: StageTimes, *stages: str) -> float:
    return sum(times.seconds[stage] for stage in stages)


def _eager(paths: list[Path], threads: int) -> list[tuple[str, float, str]]:
    """The detector's network alone, ONNX Runtime beside PyTorch eager, on the same inputs in one run."""
    import torch

    from hemascope.imaging.normalise import normalise_batch
    from hemascope.inference.session import open_session
    from hemascope.models import create_model

    torch.set_num_threads(threads)
    bundle = load_bundle(find_bundle(None, "detection"))
    manifest = bundle.manifest
    options = dict(manifest.architecture_options or {})
    model = create_model(manifest.architecture, task="detection", num_classes=len(manifest.classes), **options).eval()
    model = model.to(memory_format=torch.channels_last)
    preprocessing = manifest.preprocessing
    inputs = []
    for path in paths[:30]:
        with open_image(path) as source:
            box = Letterbox.plan(source.width, source.height, preprocessing.input_size, preprocessing.stride)
            rgb = box.apply(source.read_region(0, 0, source.width, source.height))
        inputs.append(normalise_batch([rgb], preprocessing.mean, preprocessing.std))
    session = open_session(bundle, threads=threads)

    def run_torch() -> None:
        with torch.no_grad():
            for batch in inputs:
                model.predict(torch.from_numpy(batch).contiguous(memory_format=torch.channels_last))

    def run_onnx() -> None:
        for batch in inputs:
            session.run(batch)

    rows = []
    for name, run in (("ONNX Runtime", run_onnx), ("PyTorch eager", run_torch)):
        run()
        rows.append((f"detector network alone, {name}", 1000 * min(_timed(run) for _ in range(3)) / len(inputs), "ms"))
    return rows


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
