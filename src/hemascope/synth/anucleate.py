"""Paints what has no nucleus: red cells, platelets and stain precipitate."""

import numpy as np

from hemascope.synth.nucleated import PaintedCell
from hemascope.synth.shapes import Blob, Patch, blob_distance
from hemascope.synth.stain import Rgb, to_density
from hemascope.synth.textures import cut_clouds, cut_grain

_RED_CELL: Rgb = (201, 162, 166)
_PLATELET: Rgb = (190, 158, 186)
_PLATELET_GRANULES: Rgb = (92, 32, 132)
_PRECIPITATE: Rgb = (70, 30, 96)


def paint_red_cell(rng: np.random.Generator, pixels_per_micron: float, size_deviation: float) -> PaintedCell:
    """A red cell of about 7.2 micrometres, most with central pallor; now and then oval, crenated or tailed."""
    radius_um = 3.6 * float(np.clip(rng.normal(1, size_deviation), 0.7, 1.35))
    kind = rng.random()
    blob = Blob(
        radius_um,
        elongation=rng.uniform(1.25, 1.6) if kind < 0.07 else 1 + abs(rng.normal(0, 0.09)),
        waviness=rng.uniform(0.005, 0.035),
        ruffles=rng.uniform(0.02, 0.04) if 0.07 < kind < 0.085 else 0.0,
        point=rng.uniform(0.2, 0.5) if 0.085 < kind < 0.1 else 0.0,
    )
    patch = Patch.spanning(blob.reach_um, pixels_per_micron)
    to_edge = blob_distance(patch, rng, blob, ruffle_orders=range(9, 15))
    depth = np.clip(-to_edge / np.float32(radius_um), 0, 1)  # 0 at the edge, 1 in the middle
    drift = Blob(radius_um * rng.uniform(0.25, 0.5), rng.uniform(1, 1.3), 0.04)
    shift = rng.normal(0, 0.06 * radius_um, size=2).astype(np.float32)
    hollow = Patch(patch.half_px, pixels_per_micron, patch.x - shift[0], patch.y - shift[1])
    pallor = patch.coverage(blob_distance(hollow, rng, drift), radius_um * rng.uniform(0.25, 0.6))
    strength = 0.0 if rng.random() < 0.15 else float(np.clip(rng.normal(0.6, 0.2), 0.1, 0.95))
    thickness = 0.78 + 0.3 * np.clip(depth / 0.22, 0, 1) + 0.06 * np.exp(-(((depth - 0.35) / 0.15) ** 2))
    thickness = thickness * (1 - strength * pallor)
    thickness += 0.02 * cut_clouds(rng, patch.shape, 0.5 * pixels_per_micron)
    thickness *= float(np.clip(rng.normal(1, 0.1), 0.7, 1.35))
    tint = np.exp(rng.normal(0, 0.025, size=3)).astype(np.float32)
    density = thickness[..., None].astype(np.float32) * to_density(_RED_CELL) * tint
    return PaintedCell("red_cell", density, patch.coverage(to_edge, 0.18), is_opaque=False)


def paint_platelet(rng: np.random.Generator, pixels_per_micron: float, is_giant: bool = False) -> PaintedCell:
    """A platelet of 2 to 3.9 micrometres (giant: 5.5 to 8.5): pale with purple granules towards the middle."""
    radius_um = rng.uniform(5.5, 8.5) / 2 if is_giant else rng.uniform(2.0, 3.9) / 2
    blob = Blob(radius_um, rng.uniform(1.0, 1.35), rng.uniform(0.02, 0.06), rng.uniform(0.0, 0.05))
    patch = Patch.spanning(blob.reach_um, pixels_per_micron)
    to_edge = blob_distance(patch, rng, blob, ruffle_orders=range(7, 16))
    inner = np.clip(-to_edge / np.float32(radius_um) * 2.2, 0, 1)
    grain = cut_grain(rng, patch.shape, 0.13 * pixels_per_micron)
    fill = rng.uniform(-0.1, 0.9)
    granules = (
        np.clip((grain + 1.6 * inner - 0.5 + fill) / 3.0, 0, 1) * np.clip(inner * 2, 0, 1) * rng.uniform(0.7, 1.1)
    )
    pale, dark = to_density(_PLATELET), to_density(_PLATELET_GRANULES)
    density = pale + (dark - pale) * granules[..., None].astype(np.float32)
    class_id = "giant_platelet" if is_giant else "platelet"
    return PaintedCell(class_id, density, patch.coverage(to_edge, 0.35), is_opaque=True)


def paint_artefact(rng: np.random.Generator, pixels_per_micron: float) -> PaintedCell:
    """A deposit of stain: an irregular heap of dark crumbs, 1.5 to 6 micrometres wide."""
    blob = Blob(rng.uniform(1.5, 6.0) / 2, rng.uniform(1.0, 2.0), 0.14, 0.05)
    patch = Patch.spanning(blob.reach_um, pixels_per_micron)
    to_edge = blob_distance(patch, rng, blob, ruffle_orders=range(7, 20))
    crumbs = to_edge + np.float32(0.35) * cut_grain(rng, patch.shape, 0.25 * pixels_per_micron)
    shade = (rng.uniform(0.45, 1.0) + 0.25 * cut_grain(rng, patch.shape, 0.2 * pixels_per_micron)).clip(0.15, 1.2)
    density = shade[..., None].astype(np.float32) * to_density(_PRECIPITATE)
    return PaintedCell("artefact", density, patch.coverage(crumbs, 0.15), is_opaque=True)
