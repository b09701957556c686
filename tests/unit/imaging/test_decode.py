import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from hemascope.errors import (
    ImageEmptyError,
    ImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    ImageTruncatedError,
    ImageTypeUnsupportedError,
    InputNotFoundError,
    InputUnreadableError,
)
from hemascope.imaging.decode import ArrayImage, DecodeLimits, decode_image, open_image
from hemascope.imaging.resize import RgbArray


def gradient(width: int = 80, height: int = 60) -> RgbArray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 3 % 256, y * 4 % 256, (x + y) % 256], axis=-1).astype(np.uint8)


def encoded(image: Image.Image | RgbArray, image_format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(out, image_format, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return head + struct.pack(">I", 10) + b"IDAT" + bytes(14)


LOSSLESS = [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})]


@pytest.mark.parametrize(("image_format", "options"), LOSSLESS)
def test_decode_image_returns_the_very_pixels_when_the_format_is_lossless(
    image_format: str, options: dict[str, Any]
) -> None:
    decoded = decode_image(encoded(gradient(), image_format, **options))
    assert decoded.dtype == np.uint8
    assert np.array_equal(decoded, gradient())


@pytest.mark.parametrize(
    ("mode", "image_format"),
    [
        ("1", "PNG"), ("L", "PNG"), ("P", "PNG"), ("L", "BMP"), ("P", "BMP"), ("RGB", "JPEG"), ("L", "JPEG"),
        ("CMYK", "JPEG"), ("RGB", "WEBP"), ("1", "TIFF"), ("L", "TIFF"), ("P", "TIFF"), ("CMYK", "TIFF"),
        ("YCbCr", "TIFF"),
    ],
)  # fmt: skip
def test_decode_image_agrees_with_pillow_when_the_mode_is_unusual(mode: str, image_format: str) -> None:
    data = encoded(Image.fromarray(gradient()).convert(mode), image_format)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(decode_image(data) - expected).max() <= 1


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
def test_decode_image_lays_transparent_pixels_on_white(image_format: str) -> None:
    rgba = np.dstack([gradient(), np.full((60, 80), 255, np.uint8)])
    rgba[:30, :, 3] = 0
    rgba[30:40, :, 3] = 51
    decoded = decode_image(encoded(Image.fromarray(rgba), image_format, **{"lossless": True}))
    assert (decoded[:30] == 255).all()
    assert np.abs(decoded[30:40] - (gradient()[30:40] * 0.2 + 204)).max() <= 1
    assert np.array_equal(decoded[40:], gradient()[40:])


def test_decode_image_lays_a_transparent_palette_entry_on_white() -> None:
    palette = Image.new("P", (20, 20), 1)
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.paste(0, (0, 0, 10, 20))
    decoded = decode_image(encoded(palette, "PNG", transparency=0))
    assert decoded[5, 5].tolist() == [255, 255, 255]
    assert decoded[5, 15].tolist() == [200, 100, 50]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_decode_image_applies_the_exif_orientation(image_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    data = encoded(gradient(), image_format, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(decode_image(data), np.asarray(expected.convert("RGB")))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's remark; the picture itself is fine
@pytest.mark.parametrize("exif", [b"Exif\0\0rubbish that is no TIFF", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_decode_image_leaves_the_picture_as_stored_when_its_exif_is_broken(exif: bytes) -> None:
    assert decode_image(encoded(gradient(), "JPEG", exif=exif)).shape == (60, 80, 3)


@pytest.mark.parametrize(
    ("full_scale", "description"), [(65535, "16 bits"), (4095, "12 bits in 16"), (255, "8 bits in 16")]
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_decode_image_scales_png_of_16_bits_by_the_range_in_use(
    full_scale: int, description: str, channels: int
) -> None:
    rgba = np.dstack([gradient(), np.full((60, 80), 255, np.uint8)])
    rgba[0, 0, :3] = 255
    samples = np.ascontiguousarray(rgba[..., 0] if channels == 1 else rgba[..., :channels])
    decoded = decode_image(imagecodecs.png_encode((samples.astype(np.uint32) * full_scale // 255).astype(np.uint16)))
    expected = np.repeat(rgba[..., :1], 3, axis=2) if channels == 1 else rgba[..., :3]
    assert np.abs(decoded - expected.astype(int)).max() <= 1


def test_decode_image_takes_the_first_of_several_frames() -> None:
    other = Image.fromarray(255 - gradient())
    for image_format, options in [("TIFF", {}), ("PNG", {}), ("WEBP", {"lossless": True})]:
        data = encoded(gradient(), image_format, save_all=True, append_images=[other], **options)
        assert np.array_equal(decode_image(data), gradient()), image_format


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (b"Dear doctor, here is the smear", "plain text"),
        ("涂片的图像\n".encode(), "plain text"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"\xef\xbb\xbf  <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (encoded(Image.new("P", (20, 20)), "GIF"), "GIF"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04" + bytes(20), "ZIP"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "HEIC"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (bytes(100), "unknown data"),
    ],
)
def test_decode_image_names_what_it_got_when_it_is_no_supported_image(data: bytes, likeness: str) -> None:
    with pytest.raises(ImageTypeUnsupportedError, match=likeness):
        decode_image(data)


def test_decode_image_refuses_when_there_are_no_bytes() -> None:
    with pytest.raises(ImageEmptyError, match="0 bytes"):
        decode_image(b"")


def test_decode_image_refuses_when_the_header_promises_too_many_pixels() -> None:
    with pytest.raises(ImageTooLargeError, match="100000 x 100000 pixels, the limit is 100,000,000"):
        decode_image(png_header(100_000, 100_000))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_decode_image_holds_its_limits_in_every_format(image_format: str) -> None:
    data = encoded(gradient(), image_format)
    assert decode_image(data, DecodeLimits(max_pixels=4800)).shape == (60, 80, 3)
    with pytest.raises(ImageTooLargeError, match="80 x 60"):
        decode_image(data, DecodeLimits(max_pixels=4799))
    with pytest.raises(ImageTooLargeError, match="bytes"):
        decode_image(data, DecodeLimits(max_bytes=len(data) - 1))
    with pytest.raises(ImageTooSmallError, match="80 x 60"):
        decode_image(data, DecodeLimits(min_side_px=61))


@pytest.mark.parametrize("size", [(1, 1), (7, 100), (100, 7)])
def test_decode_image_refuses_when_a_side_is_too_short(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooSmallError):
        decode_image(encoded(Image.new("RGB", size), "PNG"))


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_decode_image_refuses_when_the_file_ends_early(
    image_format: str, kept: float, rng: np.random.Generator
) -> None:
    data = encoded(rng.integers(0, 255, (100, 120, 3), np.uint8), image_format)
    with pytest.raises(ImageTruncatedError, match=r"copy it again|damaged"):
        decode_image(data[: int(len(data) * kept)])


def test_decode_image_refuses_a_cut_file_though_another_library_wants_pillow_to_be_lenient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encoded(Image.fromarray(gradient()), "PNG")
    with pytest.raises(ImageTruncatedError):
        decode_image(data[: len(data) // 2])


def test_decode_image_refuses_when_a_png_of_16_bits_ends_early() -> None:
    data = imagecodecs.png_encode(gradient().astype(np.uint16) * 257)
    with pytest.raises(ImageTruncatedError):
        decode_image(data[: len(data) // 2])


SAMPLES = [
    *(encoded(gradient(), image_format) for image_format in ("JPEG", "PNG", "BMP", "WEBP", "TIFF")),
    encoded(gradient(), "TIFF", compression="tiff_lzw"),
    encoded(gradient(), "TIFF", compression="jpeg"),
    encoded(Image.fromarray(gradient()).convert("P"), "PNG", transparency=3),
    encoded(Image.fromarray(gradient()).convert("P"), "TIFF"),
    imagecodecs.png_encode(gradient().astype(np.uint16) * 257),
]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=150)
@given(
    st.sampled_from(SAMPLES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6), st.floats(0.3, 1)
)
def test_decode_image_raises_only_image_errors_when_bytes_are_damaged(
    data: bytes, changes: list[tuple[float, int]], kept: float
) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[int(place**3 * (len(data) - 1))] = value  # mostly in the header, where it hurts
    try:
        decoded = decode_image(bytes(damaged[: int(len(data) * kept)]), DecodeLimits(max_pixels=1_000_000))
    except ImageError:
        return
    assert decoded.ndim == 3
    assert decoded.shape[2] == 3


@pytest.mark.parametrize("name", ["plain.png", "骨髓涂片 №1.png", "x" * 250 + ".png", "no extension", "wrong.jpg"])
def test_open_image_reads_a_file_whatever_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(encoded(gradient(), "PNG"))
    with open_image(path) as source:
        assert (source.width, source.height) == (80, 60)
        assert np.array_equal(source.read_region(10, 20, 30, 50), gradient()[20:50, 10:30])


def test_open_image_says_not_found_when_the_file_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match="does not exist"), open_image(tmp_path / "gone.png"):
        pass


@pytest.mark.parametrize("name", ["", "x" * 5000])
def test_open_image_says_unreadable_when_the_path_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputUnreadableError), open_image(tmp_path / name):
        pass


def test_open_image_says_unreadable_when_the_path_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputUnreadableError, match="device"), open_image(tmp_path / "pipe.png"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_open_image_says_unreadable_when_it_lacks_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(gradient(), "PNG"))
    path.chmod(0)
    with pytest.raises(InputUnreadableError, match="Permission"), open_image(path):
        pass


def test_open_image_refuses_when_a_large_image_is_no_tiff(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(encoded(gradient(), "PNG"))
    with (
        pytest.raises(ImageTooLargeError, match="tiled TIFF"),
        open_image(tmp_path / "large.png", DecodeLimits(max_pixels=100)),
    ):
        pass


def test_open_image_refuses_when_the_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageEmptyError), open_image(tmp_path / "empty.png"):
        pass


def test_array_image_gives_windows_of_its_array() -> None:
    source = ArrayImage(gradient())
    assert (source.width, source.height) == (80, 60)
    assert np.array_equal(source.read_region(0, 0, 80, 60), gradient())
