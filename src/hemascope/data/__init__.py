"""Datasets on disk as samples; no torch."""
