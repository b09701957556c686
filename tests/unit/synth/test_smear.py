import itertools

import numpy as np
import pytest

from hemascope.errors import SynthSettingsError
from hemascope.hematology.taxonomy import TAXONOMY
from hemascope.synth.field import paint_field
from hemascope.synth.settings import FieldSettings
from hemascope.synth.smear import PRESETS, SmearSettings, paint_smear, preset_field
from hemascope.synth.stain import LOOKS
from hemascope.synth.writer import PAINTED_CLASSES

TINY = FieldSettings(width=90, height=70, pixels_per_micron=4.0)


def test_field_does_not_depend_on_how_many_fields_the_smear_has():
    few = list(paint_smear(SmearSettings(TINY, fields=2, seed=5)))
    many = list(itertools.islice(paint_smear(SmearSettings(TINY, fields=50, seed=5)), 2))

    for one, other in zip(few, many, strict=True):
        assert np.array_equal(one.rgb, other.rgb)


def test_fields_and_smears_differ_from_each_other():
    pictures = [f.rgb.tobytes() for seed in (0, 1) for f in paint_smear(SmearSettings(TINY, fields=2, seed=seed))]

    assert len(set(pictures)) == 4


@pytest.mark.parametrize("preset", PRESETS)
def test_every_class_of_a_preset_can_be_painted(preset):
    for class_id in PRESETS[preset].nucleated_mix:
        alone = FieldSettings(
            width=200, height=200, pixels_per_micron=5.0, nucleated_mix={class_id: 1.0}, red_cell_density=0
        )
        assert class_id in paint_field(alone, 2).class_ids


@pytest.mark.parametrize("look", LOOKS)
def test_looks_give_pictures_of_different_colour(look):
    field = paint_field(preset_field("bone-marrow", width=120, height=100, look=look), 0)
    others = [paint_field(preset_field("bone-marrow", width=120, height=100, look=o), 0) for o in LOOKS if o != look]

    for other in others:
        assert np.abs(field.rgb.mean(axis=(0, 1)) - other.rgb.mean(axis=(0, 1))).max() > 10
        assert np.array_equal(field.instance_mask, other.instance_mask)


def test_every_painted_class_is_in_the_taxonomy():
    assert set(PAINTED_CLASSES) <= set(TAXONOMY)


def test_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(SynthSettingsError, match=r"unknown preset 'liver': choose one of peripheral-blood-normal"):
        preset_field("liver")


@pytest.mark.parametrize(("values", "text"), [({"fields": 0}, "fields is 0"), ({"seed": -3}, "seed is -3")])
def test_bad_smear_settings_are_refused(values, text):
    with pytest.raises(SynthSettingsError, match=text):
        SmearSettings(TINY, **values)
