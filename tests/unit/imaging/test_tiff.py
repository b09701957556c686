import io
from collections.abc import Callable
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import Any

import numpy as np
import psutil
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hemascope.errors import ImageError, ImageTooLargeError, ImageTruncatedError, ImageTypeUnsupportedError
from hemascope.imaging.decode import DecodeLimits, decode_image, open_image, open_image_in
from hemascope.imaging.resize import RgbArray

RGB = {"photometric": "rgb"}
STREAMED = DecodeLimits(max_pixels=1000)


def gradient(width: int = 300, height: int = 200) -> RgbArray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x % 256, y % 256, (x + y) % 256], axis=-1).astype(np.uint8)


def tiff_bytes(samples: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, samples, **options)
    return out.getvalue()


LAYOUTS: list[dict[str, Any]] = [
    {},
    {"rowsperstrip": 7},
    {"tile": (64, 32)},
    {"bigtiff": True},
    {"byteorder": ">"},
    {"compression": "lzw", "rowsperstrip": 7},
    {"compression": "lzw", "rowsperstrip": 7, "predictor": True},
    {"compression": "lzw", "tile": (64, 32), "byteorder": ">"},
    {"compression": "packbits", "rowsperstrip": 50},
    {"compression": "zlib", "tile": (64, 32), "predictor": True},
    {"compression": "zlib", "rowsperstrip": 1000},
    {"compression": "zstd", "tile": (16, 16)},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("planar", [False, True], ids=["contiguous", "planar"])
@pytest.mark.parametrize("scale", [1, 257], ids=["8bit", "16bit"])
def test_tiff_pixels_are_the_same_whole_and_streamed_when_the_layout_changes(
    tmp_path: Path, layout: dict[str, Any], planar: bool, scale: int
) -> None:
    rgb = gradient()
    samples = rgb if scale == 1 else rgb.astype(np.uint16) * 257
    if planar:
        layout = layout | {"planarconfig": "separate"}
        samples = np.ascontiguousarray(samples.transpose(2, 0, 1))
    path = tmp_path / "field.tif"
    path.write_bytes(tiff_bytes(samples, photometric="rgb", **layout))
    assert np.array_equal(decode_image(path.read_bytes()), rgb)
    with open_image(path, STREAMED) as source:
        assert (source.width, source.height) == (300, 200)
        for x1, y1, x2, y2 in [
            (0, 0, 300, 200),
            (0, 0, 1, 1),
            (299, 199, 300, 200),
            (31, 63, 65, 129),
            (100, 6, 101, 15),
        ]:
            assert np.array_equal(source.read_region(x1, y1, x2, y2), rgb[y1:y2, x1:x2])


@pytest.mark.parametrize("make", [io.BytesIO, TemporaryFile, SpooledTemporaryFile], ids=lambda make: make.__name__)
@pytest.mark.parametrize("layout", [{}, {"compression": "lzw", "tile": (64, 32)}], ids=str)
def test_tiff_in_an_open_file_is_streamed_from_its_start(make: Callable[[], Any], layout: dict[str, Any]) -> None:
    with make() as handle:
        handle.write(tiff_bytes(gradient(), photometric="rgb", **layout))
        with open_image_in(handle, "field", STREAMED) as source:
            assert np.array_equal(source.read_region(20, 30, 150, 160), gradient()[30:160, 20:150])
        assert not handle.closed


@pytest.mark.parametrize("tile", [None, (64, 64)], ids=["strips", "tiles"])
def test_tiff_compressed_by_jpeg_is_read_in_its_colours(tmp_path: Path, tile: tuple[int, int] | None) -> None:
    rgb = np.full((200, 300, 3), (200, 120, 160), np.uint8)
    path = tmp_path / "field.tif"
    path.write_bytes(tiff_bytes(rgb, photometric="rgb", compression="jpeg", tile=tile))
    with open_image(path, STREAMED) as source:
        assert np.abs(source.read_region(50, 50, 250, 180).astype(int) - rgb[50:180, 50:250]).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_regions_are_turned_when_the_file_declares_an_orientation(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "field.tif"
    path.write_bytes(
        tiff_bytes(gradient(), photometric="rgb", tile=(32, 32), extratags=[(274, "H", 1, orientation, True)])
    )
    whole = decode_image(path.read_bytes())
    with open_image(path, STREAMED) as source:
        assert (source.height, source.width) == whole.shape[:2]
        assert np.array_equal(source.read_region(20, 30, 150, 160), whole[30:160, 20:150])


@pytest.mark.parametrize(
    ("samples", "options", "expected"),
    [
        (np.full((10, 10), 200, np.uint8), {"photometric": "minisblack"}, (200, 200, 200)),
        (np.full((10, 10), 200, np.uint8), {"photometric": "miniswhite"}, (55, 55, 55)),
        (np.full((10, 10, 3), 0.5, np.float32), RGB, (128, 128, 128)),
        (np.full((10, 10, 3), 4095, np.uint16), RGB, (255, 255, 255)),
        (np.full((10, 10, 3), 65535, np.uint32), RGB, (255, 255, 255)),
        (np.full((10, 10, 4), (255, 0, 0, 0), np.uint8), RGB | {"extrasamples": ["unassalpha"]}, (255, 255, 255)),
        (np.full((10, 10, 4), (51, 0, 0, 51), np.uint8), RGB | {"extrasamples": ["assocalpha"]}, (255, 204, 204)),
        (np.full((10, 10, 4), (9, 8, 7, 0), np.uint8), RGB | {"extrasamples": ["unspecified"]}, (9, 8, 7)),
    ],
)  # fmt: skip
def test_tiff_samples_become_the_expected_colour(
    samples: np.ndarray, options: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    assert decode_image(tiff_bytes(samples, **options))[5, 5].tolist() == list(expected)


def test_tiff_of_lab_colours_becomes_rgb() -> None:
    lab = np.zeros((20, 20, 3), np.int8)
    lab[..., 0] = 127
    out = io.BytesIO()
    Image.frombytes("LAB", (20, 20), lab.tobytes()).save(out, "TIFF")
    red, green, blue = decode_image(out.getvalue())[10, 10].astype(int)
    assert max(red, green, blue) - min(red, green, blue) <= 3
    assert 100 < green < 130


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        (np.zeros((10, 10, 9), np.uint8), RGB, "9 channels"),
        (np.full((10, 10, 3), -1, np.float32), RGB, "from -1"),
        (np.full((10, 10, 3), np.nan, np.float32), RGB, "nan"),
        (np.full((10, 10, 3), 70000, np.uint32), RGB, "70000"),
        (np.zeros((32, 32, 3), np.uint8), {"photometric": "rgb", "compression": "lzma"}, "LZMA"),
    ],
)
def test_tiff_is_refused_when_its_pixels_have_no_reader(
    samples: np.ndarray, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ImageTypeUnsupportedError, match=message):
        decode_image(tiff_bytes(samples, **options))


def test_tiff_is_refused_when_its_header_promises_a_tile_beyond_all_memory() -> None:
    data = bytearray(tiff_bytes(gradient(), photometric="rgb", tile=(64, 32), compression="zlib"))
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        for name in ("TileWidth", "TileLength"):
            offset = tiff.pages.first.tags[name].valueoffset
            data[offset : offset + 2] = (65520).to_bytes(2, "little")
    with pytest.raises(ImageTooLargeError, match="tiles of 65520 x 65520"):
        decode_image(bytes(data))


def test_tiff_is_refused_when_a_jpeg_segment_promises_more_pixels_than_its_tile() -> None:
    data = tiff_bytes(gradient(), photometric="rgb", tile=(64, 64), compression="jpeg")
    start_of_frame = b"\x08" + (64).to_bytes(2, "big") * 2 + b"\x03"
    assert start_of_frame in data
    with pytest.raises(ImageTruncatedError, match="65000 x 65000"):
        decode_image(data.replace(start_of_frame, b"\x08" + (65000).to_bytes(2, "big") * 2 + b"\x03"))


def test_open_image_refuses_when_a_large_compressed_tiff_is_one_strip(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    path.write_bytes(tiff_bytes(gradient(), photometric="rgb", compression="zlib", rowsperstrip=200))
    limits = DecodeLimits(max_pixels=1000, stream_cache_bytes=100_000)
    with pytest.raises(ImageTooLargeError, match="tiled TIFF"), open_image(path, limits):
        pass


def test_open_image_refuses_when_even_a_streamed_image_would_be_too_large(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    path.write_bytes(tiff_bytes(gradient(), photometric="rgb", tile=(64, 64)))
    with pytest.raises(ImageTooLargeError, match="300 x 200"), open_image(path, DecodeLimits(100, 100, 1000)):
        pass


def test_streamed_tiff_says_so_when_the_file_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    path.write_bytes(tiff_bytes(gradient(), photometric="rgb", tile=(64, 64), compression="zlib"))
    with open_image(path, STREAMED) as source:
        with path.open("r+b") as file:
            file.truncate(2000)
        with pytest.raises(ImageTruncatedError):
            source.read_region(0, 0, 300, 200)


def test_streamed_tiff_keeps_its_memory_small_when_every_region_is_read(tmp_path: Path) -> None:
    """Far below the 48 MiB of the whole image."""
    path = tmp_path / "slide.tif"
    with tifffile.TiffWriter(path) as writer:
        tiles = (np.full((256, 256, 3), (i * 7 % 256, 90, 200), np.uint8) for i in range(256))
        writer.write(
            tiles, shape=(4096, 4096, 3), dtype=np.uint8, photometric="rgb", tile=(256, 256), compression="zlib"
        )
    limits = DecodeLimits(max_pixels=1000, stream_cache_bytes=8 * 2**20)
    process = psutil.Process()
    with open_image(path, limits) as source:
        source.read_region(0, 0, 512, 512)
        before = process.memory_info().rss
        for y in range(0, 3585, 256):
            for x in range(0, 3585, 256):
                source.read_region(x, y, x + 512, y + 512)
        assert process.memory_info().rss - before < 24 * 2**20
        assert source.read_region(300, 600, 301, 601)[0, 0].tolist() == [(2 * 16 + 1) * 7 % 256, 90, 200]


SAMPLES = [
    tiff_bytes(gradient(80, 60), photometric="rgb", compression="lzw"),
    tiff_bytes(gradient(80, 60), photometric="rgb", compression="jpeg", tile=(32, 32)),
    tiff_bytes(gradient(80, 60).astype(np.uint16), photometric="rgb", compression="zlib", predictor=True),
    tiff_bytes(gradient(80, 60)[..., 0] > 99, photometric="minisblack", compression="packbits"),
]


@settings(max_examples=150)
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_tiff_raises_only_image_errors_when_bytes_are_damaged(data: bytes, changes: list[tuple[float, int]]) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[int(place**3 * (len(data) - 1))] = value
    try:
        decoded = decode_image(bytes(damaged), DecodeLimits(max_pixels=1_000_000))
    except ImageError:
        return
    assert decoded.shape[2] == 3
