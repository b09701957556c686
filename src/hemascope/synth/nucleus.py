"""Outlines of nuclei, in units of the cell they lie in."""

import numpy as np

from hemascope.synth.recipes import Nucleus, NucleusForm
from hemascope.synth.shapes import Blob, Patch, backbone_distance, blob_distance, turn_points
from hemascope.synth.textures import FloatMap


def nucleus_distance(patch: Patch, rng: np.random.Generator, nucleus: Nucleus, cell_radius_um: float) -> FloatMap:
    """Signed distance in micrometres to the nucleus of a cell whose middle is the patch's."""
    share = rng.uniform(*nucleus.share)
    radius = cell_radius_um * share
    if nucleus.form is NucleusForm.ROUND:
        angle = rng.uniform(0, 2 * np.pi)
        shift = max(cell_radius_um - radius, 0) * nucleus.off_centre * rng.uniform(0.4, 1)
        moved = Patch(
            patch.half_px,
            patch.pixels_per_micron,
            patch.x - np.float32(shift * np.cos(angle)),
            patch.y - np.float32(shift * np.sin(angle)),
        )
        blob = Blob(radius, rng.uniform(1.0, 1.2), nucleus.lumpiness)
        return blob_distance(moved, rng, blob)
    points, radii = _chain(rng, nucleus)
    points = turn_points(points * np.float32(radius), rng.uniform(0, 2 * np.pi))
    points = _centre(points, radii * radius, cell_radius_um, nucleus.off_centre, rng)
    bent = patch.bend(rng, nucleus.lumpiness * cell_radius_um * 0.8, cell_radius_um * 0.4)
    bent = bent.bend(rng, nucleus.lumpiness * cell_radius_um * 0.25, cell_radius_um * 0.12)
    return backbone_distance(bent, points, radii * np.float32(radius))


def _chain(rng: np.random.Generator, nucleus: Nucleus) -> tuple[FloatMap, FloatMap]:
    """Discs `(n, 2)` and radii `(n,)` along a bent spine, for a cell of radius 1."""
    if nucleus.form is NucleusForm.LOBED:
        return _lobes(rng, nucleus.lobes[0] + int(rng.binomial(nucleus.lobes[1] - nucleus.lobes[0], 0.4)))
    if nucleus.form is NucleusForm.FOLDED:
        return _folds(rng, int(rng.integers(nucleus.lobes[0], nucleus.lobes[1] + 1)))
    if nucleus.form is NucleusForm.KIDNEY:
        length, turn, thickness, waist = rng.uniform(0.55, 0.85), rng.uniform(0.8, 2.2), rng.uniform(0.38, 0.46), 0.08
    else:
        length, turn, thickness, waist = rng.uniform(1.5, 2.0), rng.uniform(2.6, 4.4), rng.uniform(0.2, 0.26), 0.18
    t = np.linspace(0, 1, 28)
    bend = np.where(t < 0.5, 1.0, rng.choice([1.0, 1.0, 1.0, -0.8]) if nucleus.form is NucleusForm.BAND else 1.0)
    angle = np.cumsum(turn / len(t) * bend)
    points = np.cumsum(length / len(t) * np.stack([np.cos(angle), np.sin(angle)], axis=1), axis=0)
    wave = 1 + waist * np.cos(2 * np.pi * (t * rng.uniform(0.8, 1.3) + rng.uniform(-0.1, 0.1)))
    return points.astype(np.float32), (thickness * wave).astype(np.float32)


def _lobes(rng: np.random.Generator, count: int) -> tuple[FloatMap, FloatMap]:
    """Lobes, each a short sausage, joined by thin strands; the spine turns at every joint."""
    size = {2: 0.40, 3: 0.32, 4: 0.27}.get(count, 0.24)
    points: list[tuple[float, float]] = []
    radii: list[float] = []
    x, y, heading = 0.0, 0.0, 0.0
    side = rng.choice([-1.0, 1.0])
    for lobe in range(count):
        radius = size * rng.uniform(0.85, 1.12)
        length = radius * rng.uniform(0.3, 1.0)
        for step in np.linspace(0, length, 6):
            points.append((x + step * np.cos(heading), y + step * np.sin(heading)))
            radii.append(radius * (1 - 0.1 * abs(step / length - 0.5)))
        x, y = points[-1]
        if lobe == count - 1:
            break
        heading += side * rng.uniform(0.5, 1.5) if rng.random() < 0.8 else -side * rng.uniform(0.2, 0.8)
        gap = radius * rng.uniform(1.75, 2.4)
        for step in np.linspace(0, gap, 10):
            points.append((x + step * np.cos(heading), y + step * np.sin(heading)))
            radii.append(max(0.055, 0.7 * radius * abs(2 * step / gap - 1) ** 2))
        x, y = points[-1]
        heading += side * rng.uniform(-0.2, 0.6)
    return np.array(points, dtype=np.float32), np.array(radii, dtype=np.float32)


def _folds(rng: np.random.Generator, lobes: int) -> tuple[FloatMap, FloatMap]:
    """Broad bent body with knobs heaped on it: horseshoes, beans and brain-like nuclei."""
    t = np.linspace(0, 1, 20)
    angle = np.cumsum(rng.uniform(1.2, 4.0) / len(t) * np.ones_like(t))
    length = rng.uniform(0.6, 1.15)
    body = np.cumsum(length / len(t) * np.stack([np.cos(angle), np.sin(angle)], axis=1), axis=0)
    thickness = rng.uniform(0.34, 0.42) * (1 + 0.12 * np.cos(2 * np.pi * t))
    knobs = body[rng.integers(0, len(t), size=lobes)] + rng.normal(0, 0.2, size=(lobes, 2))
    knob_radii = rng.uniform(0.26, 0.4, size=lobes)
    return (
        np.concatenate([body, knobs]).astype(np.float32),
        np.concatenate([thickness, knob_radii]).astype(np.float32),
    )


def _centre(
    points: FloatMap, radii: FloatMap, cell_radius_um: float, off_centre: float, rng: np.random.Generator
) -> FloatMap:
    """Moves the chain so that it is balanced in the cell, then shrinks it until it fits."""
    low, high = (points - radii[:, None]).min(axis=0), (points + radii[:, None]).max(axis=0)
    points = points - (low + high) / 2
    room = max(cell_radius_um - float((high - low).max()) / 2, 0)
    angle = rng.uniform(0, 2 * np.pi)
    shift = room * off_centre * rng.uniform(0.3, 1) * np.array([np.cos(angle), np.sin(angle)])
    points = points + shift.astype(np.float32)
    reach = np.hypot(points[:, 0], points[:, 1]) + radii
    limit = 0.96 * cell_radius_um
    too_far = np.maximum(reach - limit, 0) / np.maximum(np.hypot(points[:, 0], points[:, 1]), 1e-3)
    return np.asarray(points * np.clip(1 - too_far, 0, 1)[:, None], dtype=np.float32)
