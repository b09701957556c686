"""Painted smear fields with ground truth, for the demo, the tests and extra training data."""

from hemascope.synth.field import PaintedField, paint_field
from hemascope.synth.optics import Optics
from hemascope.synth.settings import FieldSettings
from hemascope.synth.smear import PRESETS, SmearSettings, paint_smear, preset_field
from hemascope.synth.writer import PAINTED_CLASSES, WrittenSmear, write_smear

__all__ = [
    "PAINTED_CLASSES",
    "PRESETS",
    "FieldSettings",
    "Optics",
    "PaintedField",
    "SmearSettings",
    "WrittenSmear",
    "paint_field",
    "paint_smear",
    "preset_field",
    "write_smear",
]
