"""Painted fields as additional training images of a detector."""

from dataclasses import replace

import numpy as np

from hemascope.errors import RecipeError
from hemascope.hematology.taxonomy import DETECTION_CLASSES, detection_class
from hemascope.synth import PRESETS, paint_field
from hemascope.synth.stain import LOOKS
from hemascope.training.field_inputs import CachedField

_PIXELS_PER_MICRON = (7.0, 13.0)  # range of the real fields after shrinking


def paint_training_fields(count: int, seed: int, longest_side: int, classes: tuple[str, ...]) -> list[CachedField]:
    """`count` square fields of all presets, looks and magnifications in turn, boxes of `classes` only.

    Raises RecipeError for a class that is no detection class.
    """
    unknown = set(classes) - set(DETECTION_CLASSES)
    if unknown:
        raise RecipeError(
            f"painted_fields cannot teach the classes {sorted(unknown)}: at most {list(DETECTION_CLASSES)}"
        )
    presets, looks = list(PRESETS.values()), list(LOOKS)
    fields = []
    for i in range(count):
        rng = np.random.default_rng((seed, 77, i))
        settings = replace(
            presets[i % len(presets)],
            width=longest_side,
            height=longest_side,
            look=looks[i % len(looks)],
            pixels_per_micron=float(rng.uniform(*_PIXELS_PER_MICRON)),
        )
        painted = paint_field(settings, int(rng.integers(2**32)))
        names = [detection_class(class_id) for class_id in painted.class_ids]
        chosen = [k for k, name in enumerate(names) if name in classes]
        ids = np.array([classes.index(str(names[k])) for k in chosen], np.int64)
        fields.append(CachedField(painted.rgb, painted.boxes_xyxy[chosen].astype(np.float32), ids))
    return fields
