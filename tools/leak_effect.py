"""What leaks of a split do to a detector's figures: python tools/leak_effect.py --data PATH/txl-pbc --out results/audit

The shipped detector on all validation fields of TXL-PBC, and on those without a copy (or a member of their group) in
the training part, as `hemascope data audit` finds them.
"""

import argparse
import csv
from dataclasses import replace
from pathlib import Path

from hemascope.data.audit import audit
from hemascope.data.listing import list_images
from hemascope.data.readers import read_fields
from hemascope.evaluation.detection import SCORE_FLOOR, evaluate_detector, measure_detections
from hemascope.inference.bundle import load_bundle
from hemascope.inference.detector import Detector
from hemascope.service.registry import find_bundle

FIGURES = ("ap50", "ap75", "ap90", "ap")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    listed = list_images(options.data, None, ("WBC", "RBC", "platelet"))
    leaks = [finding for finding in audit(listed).findings if finding.severity == "leak"]
    leaking = {Path(file).name for finding in leaks for file in finding.files}
    dataset = read_fields("txl-pbc", options.data, "val")
    detector = Detector(load_bundle(find_bundle(None, "detection")), score_threshold=SCORE_FLOOR)
    whole = evaluate_detector(detector, dataset, lambda *_: None)
    kept = [i for i, sample in enumerate(dataset.samples) if sample.path.name not in leaking]
    clean = measure_detections(
        replace(dataset, samples=tuple(dataset.samples[i] for i in kept)), [whole.predictions[i] for i in kept]
    )
    with (options.out / "leak_effect.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["fields", "images", "class", *FIGURES])
        for name, found in (("all", whole), ("without leaks", clean)):
            for row in (r for r in found.rows if r.source == "all"):
                figures = [f"{getattr(row, figure):.4f}" for figure in FIGURES]
                writer.writerow([name, len(found.dataset.samples), row.class_id, *figures])


if __name__ == "__main__":
    main()
