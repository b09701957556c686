"""Memory and time of detection on one huge TIFF: writes it tile by tile, then reads it tile by tile.

python tools/bench_streaming.py BUNDLE [--side 20000] [--layout tiled|strips|raw]
"""

import argparse
import json
import resource
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from hemascope.imaging.decode import open_image
from hemascope.imaging.resize import RgbArray
from hemascope.inference.bundle import load_bundle
from hemascope.inference.detector import Detector

TILE_PX = 512
LAYOUTS: dict[str, dict[str, Any]] = {
    "tiled": {"tile": (TILE_PX, TILE_PX), "compression": "jpeg"},
    "strips": {"rowsperstrip": TILE_PX, "compression": "zlib"},
    "raw": {"rowsperstrip": TILE_PX},
}


def peak_rss_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def smear_pieces(side: int, width: int) -> Iterator[RgbArray]:
    """Pieces `(TILE_PX, width, 3)` that cover `side` squared: glass with a dark square of 64 px in every 512 px."""
    glass = np.random.default_rng(0).integers(225, 245, (TILE_PX, width, 3), np.uint8)
    for left in range(0, width - 160, TILE_PX):
        glass[96:160, left + 96 : left + 160] = (60, 30, 110)
    across, down = -(-side // width), -(-side // TILE_PX)
    for piece in range(across * down):
        is_last_row = piece // across == down - 1
        height = side - (down - 1) * TILE_PX if is_last_row and width == side else TILE_PX
        yield glass[:height]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--side", type=int, default=20_000)
    parser.add_argument("--layout", choices=sorted(LAYOUTS), default="tiled")
    arguments = parser.parse_args()
    detector = Detector(load_bundle(arguments.bundle), threads=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "slide.tif"
        width = TILE_PX if arguments.layout == "tiled" else arguments.side
        with tifffile.TiffWriter(path, bigtiff=True) as writer:
            pieces = smear_pieces(arguments.side, width)
            writer.write(
                # strips must come encoded: tifffile would gather plain ones to a whole page first
                (zlib.compress(piece.tobytes(), 1) for piece in pieces) if arguments.layout == "strips" else pieces,
                shape=(arguments.side, arguments.side, 3),
                dtype=np.uint8,
                photometric="rgb",
                **LAYOUTS[arguments.layout],
            )
        before_mib = peak_rss_mib()
        start = time.perf_counter()
        with open_image(path) as source:
            found = detector.detect(source)
        result = {
            "side_px": arguments.side,
            "layout": arguments.layout,
            "file_mib": round(path.stat().st_size / 2**20),
            "seconds": round(time.perf_counter() - start, 1),
            "peak_rss_mib": round(peak_rss_mib()),
            "peak_rss_before_mib": round(before_mib),
            "detections": len(found),
            "stages_s": {stage: round(seconds, 1) for stage, seconds in detector.times.seconds.items()},
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
