"""Paints one nucleated cell from its recipe."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hemascope.synth.nucleus import nucleus_distance
from hemascope.synth.recipes import RECIPES, Granules, Nucleus, NucleusForm, Recipe
from hemascope.synth.shapes import Blob, Patch, blob_distance
from hemascope.synth.stain import to_density
from hemascope.synth.textures import FloatMap, cut_clouds, cut_grain


@dataclass(frozen=True, slots=True)
class PaintedCell:
    """One cell on a square patch: `density` `(side, side, 3)`, `cover` 0..1 `(side, side)`."""

    class_id: str
    density: FloatMap
    cover: FloatMap
    is_opaque: bool  # hides what lies below instead of darkening it

    @property
    def half_px(self) -> int:
        return len(self.cover) // 2


def paint_nucleated(class_id: str, rng: np.random.Generator, pixels_per_micron: float) -> PaintedCell:
    """One cell of a class of `RECIPES`, different for every state of `rng`."""
    recipe = RECIPES[class_id]
    radius_um = rng.uniform(*recipe.diameter_um) / 2
    blob = Blob(
        radius_um,
        rng.uniform(*recipe.elongation),
        rng.uniform(*recipe.waviness),
        rng.uniform(*recipe.ruffles),
        rng.uniform(0.15, 0.35) if rng.random() < recipe.pseudopod else 0.0,
    )
    patch = Patch.spanning(blob.reach_um, pixels_per_micron)
    to_edge = blob_distance(patch, rng, blob)
    cover = patch.coverage(to_edge)
    if recipe.nucleus.form is NucleusForm.SPREAD:
        return _paint_smudge(class_id, recipe, patch, rng, to_edge)
    to_nucleus = np.maximum(nucleus_distance(patch, rng, recipe.nucleus, radius_um), to_edge + np.float32(0.2))
    in_nucleus = patch.coverage(to_nucleus)
    density = _paint_cytoplasm(recipe, patch, rng, to_edge, to_nucleus)
    for granules in recipe.granules:
        if not granules.over_nucleus:
            density = _sprinkle(density, granules, patch, rng, cover)
    density = _blend(density, _paint_chromatin(recipe.nucleus, patch, rng, to_nucleus), in_nucleus)
    for granules in recipe.granules:
        if granules.over_nucleus:
            density = _sprinkle(density, granules, patch, rng, cover)
    density *= np.float32(rng.normal(1, 0.05))
    return PaintedCell(class_id, density, cover, is_opaque=True)


def _blend(below: FloatMap, above: FloatMap, cover: FloatMap) -> FloatMap:
    return np.asarray(below + (above - below) * cover[..., None], dtype=np.float32)


def _paint_cytoplasm(
    recipe: Recipe, patch: Patch, rng: np.random.Generator, to_edge: FloatMap, to_nucleus: FloatMap
) -> FloatMap:
    ppm = patch.pixels_per_micron
    amount = 1 + recipe.mottle * (
        0.5 * cut_clouds(rng, patch.shape, 1.2 * ppm) + 0.9 * cut_grain(rng, patch.shape, 0.18 * ppm)
    )
    amount += recipe.border * np.exp(-((to_edge / np.float32(0.55)) ** 2))
    if recipe.halo:
        angle = rng.uniform(0, 2 * np.pi)
        facing = (patch.x * np.float32(np.cos(angle)) + patch.y * np.float32(np.sin(angle))) / np.float32(4)
        amount -= recipe.halo * np.exp(-((to_nucleus / np.float32(1.6)) ** 2)) * np.clip(0.5 + facing, 0, 1)
    for _ in range(int(rng.integers(recipe.vacuoles[0], recipe.vacuoles[1] + 1))):
        angle, reach = rng.uniform(0, 2 * np.pi), -float(to_edge.min()) * rng.uniform(0.55, 0.9)
        hole = Patch(
            patch.half_px,
            ppm,
            patch.x - np.float32(reach * np.cos(angle)),
            patch.y - np.float32(reach * np.sin(angle)),
        )
        amount *= 1 - 0.75 * patch.coverage(blob_distance(hole, rng, Blob(rng.uniform(0.25, 0.8))), 0.2)
    colour = to_density(recipe.cytoplasm)
    colour = colour + (to_density(recipe.cytoplasm_to or recipe.cytoplasm) - colour) * np.float32(rng.random())
    return np.asarray(np.maximum(amount, 0.05)[..., None] * colour, dtype=np.float32)


def _paint_chromatin(nucleus: Nucleus, patch: Patch, rng: np.random.Generator, to_nucleus: FloatMap) -> FloatMap:
    """Dark strands with light gaps between them, a dark membrane, and nucleoli where the class has them."""
    ppm = patch.pixels_per_micron
    grain = cut_grain(rng, patch.shape, nucleus.strand_um * ppm / 2)
    grain = 0.85 * grain + 0.4 * cut_grain(rng, patch.shape, nucleus.strand_um * ppm)
    grain = grain + 0.25 * cut_clouds(rng, patch.shape, 1.1 * ppm)
    openness = rng.uniform(*nucleus.openness)
    gap = np.clip((grain - np.float32(0.6 - 2.4 * openness)) / np.float32(1.7), 0, 1)
    membrane = np.exp(-((to_nucleus / np.float32(0.25)) ** 2))
    gap = gap * (1 - 0.9 * membrane)
    for _ in range(int(rng.integers(nucleus.nucleoli[0], nucleus.nucleoli[1] + 1))):
        inside = np.argwhere(to_nucleus < -0.9)
        if len(inside):
            row, column = inside[rng.integers(len(inside))]
            spot = np.hypot(patch.x - patch.x[row, column], patch.y - patch.y[row, column])
            gap = np.maximum(gap, 0.85 * patch.coverage(spot - np.float32(rng.uniform(0.55, 1.1)), 0.5))
    dark, light = to_density(nucleus.dark), to_density(nucleus.light)
    shade = 1 + 0.05 * cut_clouds(rng, patch.shape, 1.5 * ppm) - 0.12 * grain + 0.12 * membrane
    return np.asarray((dark + (light - dark) * gap[..., None]) * shade[..., None], dtype=np.float32)


def _sprinkle(
    density: FloatMap, granules: Granules, patch: Patch, rng: np.random.Generator, cover: FloatMap
) -> FloatMap:
    """Granules at random places of the cell; where they meet they run together."""
    ppm = patch.pixels_per_micron
    rows, columns = np.nonzero(cover > 0.6)
    count = round(rng.uniform(*granules.per_um2) * len(rows) / ppm**2)
    if count == 0:
        return density
    chosen = rng.integers(0, len(rows), size=count)
    sigma_px = max(0.45, 0.36 * granules.diameter_um * ppm)
    drops = np.zeros(patch.shape, dtype=np.float32)
    np.add.at(drops, (rows[chosen], columns[chosen]), rng.uniform(0.4, 1.5, size=count).astype(np.float32))
    drops = ndimage.gaussian_filter(drops, sigma_px) * np.float32(2 * np.pi * sigma_px**2)
    dots = np.clip((drops - 0.25) / 0.5, 0, 1) * np.float32(rng.uniform(*granules.strength))
    return _blend(density, np.broadcast_to(to_density(granules.colour), density.shape), dots)


def _paint_smudge(
    class_id: str, recipe: Recipe, patch: Patch, rng: np.random.Generator, to_edge: FloatMap
) -> PaintedCell:
    """A burst nucleus: strands that fade out instead of ending at a membrane."""
    ppm = patch.pixels_per_micron
    density = _paint_chromatin(recipe.nucleus, patch, rng, np.full(patch.shape, -9, dtype=np.float32))
    thin = np.float32(0.75) + np.float32(0.3) * cut_clouds(rng, patch.shape, 1.6 * ppm)
    ragged = to_edge + np.float32(0.7) * cut_clouds(rng, patch.shape, 0.7 * ppm)
    return PaintedCell(
        class_id, density * np.clip(thin, 0.15, 1.2)[..., None], patch.coverage(ragged, 1.2), is_opaque=True
    )
