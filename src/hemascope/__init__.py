"""Hemascope: blood and bone-marrow cell morphology, from microscope fields to a reviewed differential.

For research use only. Importing this package loads neither torch nor ONNX Runtime.
"""

__version__ = "0.1.0"
