"""What a model proposed and what a person confirmed, in labelme files.

A box is a proposal while its flag `proposed` is set; a person confirms it by taking the flag away, or confirms all
boxes of a file, also of one that shows none, with the file's flag `confirmed`.
"""

import hashlib
import re
from pathlib import Path
from typing import Final

from hemascope.core.manifest import ModelManifest
from hemascope.data.annotations.labelme import labelme_text
from hemascope.data.annotations.record import CONFIRMED_FLAG, PROPOSED_FLAG, AnnotatedImage, Shape

DETECTED_AS: Final = "detected_as"  # key of a proposed shape: the detector's class, whatever it was recognised as
_KEY: Final = "hemascope"  # a key of our own in the file; labelme keeps it
_SCHEMA: Final = "hemascope.proposal/1"
_NO_DIGEST = "0" * 64
_DIGEST = re.compile(rb'"sha256": "([0-9a-f]{64})"')


def is_confirmed(shape: Shape, image: AnnotatedImage) -> bool:
    return image.flags.get(CONFIRMED_FLAG, False) or not shape.flags.get(PROPOSED_FLAG, False)


def is_done(image: AnnotatedImage) -> bool:
    """Whether nothing in the file waits for a person; one without shapes waits until it is confirmed."""
    is_whole = image.flags.get(CONFIRMED_FLAG, False)
    return is_whole or (bool(image.shapes) and all(is_confirmed(shape, image) for shape in image.shapes))


def proposing_models(image: AnnotatedImage) -> tuple[str, ...]:
    """The models noted by `proposal_text`, nothing for a file of other origin."""
    note = image.other.get(_KEY)
    models = note.get("models") if isinstance(note, dict) else None
    return tuple(str(model) for model in models) if isinstance(models, list) else ()


def proposal_text(
    image: Path, size: tuple[int, int], shapes: tuple[Shape, ...], place: Path, models: tuple[str, ...]
) -> str:
    """The labelme file `place` for an image of `size` (width, height) in pixels, sealed for `is_as_proposed`.

    `models` are named as `model_name` does.
    """
    seal = {"schema": _SCHEMA, "models": list(models), "sha256": _NO_DIGEST}
    width, height = size
    record = AnnotatedImage(image, image.name, width, height, shapes, flags={CONFIRMED_FLAG: False}, other={_KEY: seal})
    text = f"{labelme_text(record, place.parent)}\n"
    head, _, tail = text.rpartition(_NO_DIGEST)
    return f"{head}{hashlib.sha256(text.encode()).hexdigest()}{tail}"


def model_name(manifest: ModelManifest) -> str:
    """Name, version and the first digits of the network's hash."""
    return f"{manifest.name} {manifest.version} {manifest.onnx_sha256[:12]}"


def is_as_proposed(file: Path) -> bool:
    """Whether not a byte changed since `proposal_text` made it: any program that saves it breaks the seal.

    Raises OSError.
    """
    data = file.read_bytes()
    seals = list(_DIGEST.finditer(data))
    if not seals:
        return False
    start, end = seals[-1].span(1)
    unsealed = data[:start] + _NO_DIGEST.encode() + data[end:]
    return hashlib.sha256(unsealed).hexdigest().encode() == data[start:end]
