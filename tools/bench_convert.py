"""Measures a conversion of a large painted COCO file: seconds and peak memory of the process.

python tools/bench_convert.py --images 100000 --boxes 10 --to csv
"""

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from hemascope.data.annotations.convert import convert_annotations

CLASSES = ("neutrophil", "lymphocyte", "monocyte", "eosinophil", "basophil")


def write_coco(path: Path, images: int, boxes: int) -> None:
    """Annotations come first and in random order of their images: the hardest case for a reader."""
    rng = random.Random(0)
    order = list(range(images)) * boxes
    rng.shuffle(order)
    with path.open("w") as out:
        out.write('{"annotations": [')
        for number, image in enumerate(order, start=1):
            bbox = [round(rng.uniform(0, 600), 2), round(rng.uniform(0, 400), 2), 40.0, 38.5]
            row = {"id": number, "image_id": image, "category_id": rng.randrange(5), "bbox": bbox, "iscrowd": 0}
            out.write((",\n" if number > 1 else "\n") + json.dumps(row | {"area": 1540.0, "score": 0.5}))
        out.write('],\n"images": [')
        for number in range(images):
            row = {"id": number, "file_name": f"images/field_{number:06d}.jpg", "width": 640, "height": 480}
            out.write((",\n" if number else "\n") + json.dumps(row))
        categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
        out.write(f'],\n"categories": {json.dumps(categories)}}}\n')


def peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--boxes", type=int, default=10, help="of each image")
    parser.add_argument("--to", default="coco", help="format to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "large.json"
        write_coco(source, arguments.images, arguments.boxes)
        before = peak_mib()
        start, cpu_start = time.perf_counter(), time.process_time()
        report = convert_annotations(source, Path(folder) / "out", arguments.to, from_format="coco")
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
        figures = {
            "to": arguments.to,
            "images": report.images,
            "boxes": report.shapes,
            "file_mb": round(source.stat().st_size / 1e6, 1),
            "seconds": round(seconds, 1),
            "cpu_seconds": round(cpu_seconds, 1),
            "peak_mib": round(peak_mib(), 1),
            "peak_mib_before": round(before, 1),
        }
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
