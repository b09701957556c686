import math

import pytest

from hemascope.errors import SynthSettingsError
from hemascope.synth.optics import Optics
from hemascope.synth.settings import FieldSettings


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"width": 0}, "width is 0: it must lie in 32 to 8192"),
        ({"height": 20000}, "height is 20000"),
        ({"pixels_per_micron": 0.5}, "pixels_per_micron is 0.5"),
        ({"pixels_per_micron": math.nan}, "pixels_per_micron is nan"),
        ({"red_cell_density": -1}, "red_cell_density is -1"),
        ({"red_cell_overlap": 1.5}, "red_cell_overlap is 1.5"),
        ({"min_nucleated": -1}, "min_nucleated is -1"),
        ({"look": "pink"}, "unknown look 'pink': choose one of cream, grey, rose"),
        ({"nucleated_mix": {}}, "at least one of them above 0"),
        ({"nucleated_mix": {"lymphocyte": 0.0}}, "at least one of them above 0"),
        ({"nucleated_mix": {"lymphocyte": -1.0, "monocyte": 2.0}}, "weights of 0 or more"),
        ({"nucleated_mix": {"lymphocyte": math.nan}}, "weights of 0 or more"),
        ({"nucleated_mix": {"red_cell": 1.0}}, "cannot paint red_cell: choose from segmented_neutrophil"),
        ({"width": 8192, "height": 8192, "pixels_per_micron": 2.0}, "cells would fill the picture"),
    ],
)
def test_bad_settings_are_refused_with_the_value_and_the_range(values, text):
    with pytest.raises(SynthSettingsError, match=text):
        FieldSettings(**values)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"noise": -1.0}, "noise is -1.0"),
        ({"vignette": math.nan}, "vignette is nan"),
        ({"focus_blur_px": (2.0, 1.0)}, "focus_blur_px"),
        ({"focus_blur_px": (-1.0, 1.0)}, "focus_blur_px"),
    ],
)
def test_bad_optics_are_refused(values, text):
    with pytest.raises(SynthSettingsError, match=text):
        Optics(**values)
