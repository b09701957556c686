"""A user's picture: decoded as any image is, made small, written anew without the camera's notes."""

import io

from django.conf import settings
from PIL import Image, ImageOps

from hemascope.imaging.decode import DecodeLimits, decode_image

SIDE_PX = 256
_MAX_PIXELS = 40_000_000  # of the picture as sent


def avatar_jpeg(content: bytes) -> bytes:
    """A square JPEG of the middle. Raises ImageError where `content` is no picture."""
    picture = Image.fromarray(decode_image(content, DecodeLimits(settings.AVATAR_MAX_BYTES, _MAX_PIXELS)))
    square = ImageOps.fit(picture, (SIDE_PX, SIDE_PX))
    target = io.BytesIO()
    square.save(target, "JPEG", quality=85)
    return target.getvalue()
