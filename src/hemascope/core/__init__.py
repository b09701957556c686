"""Boxes, detections, manifests and metrics: NumPy and pydantic, no input or output."""
