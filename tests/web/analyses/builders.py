"""Fields and cells of a case. Only `upload` makes real files."""

import io
from itertools import count
from typing import Any

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from hemascope.synth import FieldSettings, paint_field
from hemascope.web.analyses.actions import fields_upload
from hemascope.web.analyses.choices import FieldState
from hemascope.web.analyses.models import Cell, Field
from hemascope.web.cases.models import Case
from web.cases.builders import make_case

_numbers = count(1)


def make_field(case: Case | None = None, **values: Any) -> Field:
    """A row without a file: 640 x 480 pixels, examined."""
    case = case or make_case()
    number = next(_numbers)
    values = {
        "file": f"fields/00/{number:032x}",
        "original_name": f"field {number}.png",
        "sha256": f"{number:064x}",
        "bytes": 1000,
        "width": 640,
        "height": 480,
        "focus": 0.3,
        "brightness": 0.7,
        "contrast": 0.1,
        "state": FieldState.EXAMINED,
    } | values
    return Field.objects.create(case=case, uploaded_by=case.created_by, **values)


def make_cell(field: Field | None = None, **values: Any) -> Cell:
    """Named `lymphocyte` by the model, with `monocyte` as the runner-up, and seen by no reader."""
    field = field or make_field()
    values = {
        "x1": 100,
        "y1": 100,
        "x2": 160,
        "y2": 160,
        "detector_score": 0.9,
        "model_class": "lymphocyte",
        "model_score": 0.8,
        "runner_up": "monocyte",
        "model_probabilities": {"lymphocyte": 0.8, "monocyte": 0.2},
        "is_unidentified": False,
        "ambiguity": 0.4,
    } | values
    return Cell.objects.create(case=field.case, field=field, **values)


def make_cells_to_name(case: Case, count: int) -> None:
    """Cells that no model has named, in one real picture of the case."""
    outcome = fields_upload(
        by=case.created_by, case=case, files=[as_file(picture_bytes())], kind="field", microns_per_pixel=None
    )[0]
    for number in range(count):
        make_cell(outcome.field, model_class="", x1=number % 20, y1=5, x2=30 + number % 20, y2=35)


def picture_bytes(image_format: str = "PNG", *, size: tuple[int, int] = (64, 48), seed: int = 0) -> bytes:
    """A small noisy picture; another `seed` is another picture."""
    rgb = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(rgb).save(content, image_format)
    return content.getvalue()


def painted_bytes(seed: int = 1) -> bytes:
    """A painted field of view in which the shipped detector finds nucleated cells."""
    content = io.BytesIO()
    Image.fromarray(paint_field(FieldSettings(min_nucleated=3), seed).rgb).save(content, "PNG")
    return content.getvalue()


def as_file(content: bytes, name: str = "field.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
