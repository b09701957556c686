"""Annotation files of other tools, read to and written from one record an image."""

from hemascope.data.annotations.convert import write_annotations
from hemascope.data.annotations.formats import FORMATS, guess_format, read_annotations
from hemascope.data.annotations.labelme import read_labelme_file, write_labelme_file
from hemascope.data.annotations.record import AnnotatedImage, Shape, geometry_fault

__all__ = [
    "FORMATS",
    "AnnotatedImage",
    "Shape",
    "geometry_fault",
    "guess_format",
    "read_annotations",
    "read_labelme_file",
    "write_annotations",
    "write_labelme_file",
]
