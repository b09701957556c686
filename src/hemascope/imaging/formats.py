"""What a file really is, told by its first bytes; names and extensions are not believed."""

from enum import StrEnum

from hemascope.errors import ImageTypeUnsupportedError

HEAD_BYTES = 64  # enough for every signature below


class ImageFormat(StrEnum):
    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    BMP = "BMP"
    WEBP = "WebP"


_SUPPORTED = {
    b"\xff\xd8\xff": ImageFormat.JPEG,
    b"\x89PNG\r\n\x1a\n": ImageFormat.PNG,
    b"II*\0": ImageFormat.TIFF,
    b"MM\0*": ImageFormat.TIFF,
    b"II+\0": ImageFormat.TIFF,  # BigTIFF
    b"MM\0+": ImageFormat.TIFF,
    b"BM": ImageFormat.BMP,
}
_FOREIGN = {
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\3\4": "a ZIP archive or office document",
    b"\x1f\x8b": "a gzip archive",
    b"\0\0\0\x0cjP": "a JPEG 2000 image",
    b"\xff\x4f\xff\x51": "a JPEG 2000 image",
    b"\x89HDF": "an HDF5 file",
    b"8BPS": "a Photoshop document",
}


def sniff_format(head: bytes) -> ImageFormat:
    """Format of a file from its first `HEAD_BYTES`; ImageTypeUnsupportedError says what else it looks like."""
    for signature, image_format in _SUPPORTED.items():
        if head.startswith(signature):
            return image_format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    raise ImageTypeUnsupportedError(
        f"the content looks like {_describe(head)}; expected JPEG, PNG, TIFF, BMP or WebP, whatever the file is called"
    )


def _describe(head: bytes) -> str:
    for signature, name in _FOREIGN.items():
        if head.startswith(signature):
            return name
    if head[4:8] == b"ftyp":
        return "a HEIC or AVIF image or a video"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<svg", b"<?xml")):
        return "an HTML, SVG or XML text"
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return "plain text"
    return f"unknown data (first bytes {head[:8].hex(' ')})"
