"""Outlines as signed distances in micrometres (negative inside): union is a minimum, and edges come antialiased."""

import math
from dataclasses import dataclass

import numpy as np

from hemascope.synth.textures import FloatMap, cut_clouds


@dataclass(frozen=True, slots=True)
class Patch:
    """A square of `2 * half_px + 1` pixels with its middle pixel at 0, 0; `x` and `y` are micrometres."""

    half_px: int
    pixels_per_micron: float
    x: FloatMap
    y: FloatMap

    @staticmethod
    def spanning(radius_um: float, pixels_per_micron: float) -> "Patch":
        half_px = max(2, int(np.ceil(radius_um * pixels_per_micron)))
        axis = (np.arange(-half_px, half_px + 1) / pixels_per_micron).astype(np.float32)
        x, y = np.meshgrid(axis, axis)
        return Patch(half_px, pixels_per_micron, x, y)

    @property
    def shape(self) -> tuple[int, int]:
        return self.x.shape[0], self.x.shape[1]

    def bend(self, rng: np.random.Generator, amount_um: float, scale_um: float) -> "Patch":
        """The same pixels with coordinates shifted by smooth noise of deviation `amount_um`."""
        sigma_px = scale_um * self.pixels_per_micron / 2
        x = self.x + np.float32(amount_um) * cut_clouds(rng, self.shape, sigma_px)
        y = self.y + np.float32(amount_um) * cut_clouds(rng, self.shape, sigma_px)
        return Patch(self.half_px, self.pixels_per_micron, x, y)

    def coverage(self, distance_um: FloatMap, softness_um: float = 0.0) -> FloatMap:
        """Share 0..1 of each pixel inside the outline; the edge is at least one pixel and a half wide."""
        width_um = max(1.5 / self.pixels_per_micron, softness_um)
        t = np.clip(0.5 - distance_um / np.float32(width_um), 0, 1)
        return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def _wave_table(rng: np.random.Generator, orders: range, decay: float) -> FloatMap:
    """One turn in 256 steps of random harmonics, of mean 0 and deviation 1."""
    angle = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    wave = np.zeros(256)
    for order in orders:
        wave += rng.normal() * order**-decay * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    return np.asarray(wave / max(float(wave.std()), 1e-6), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Blob:
    """Settings of a closed wavy outline; all amounts are shares of its radius."""

    radius_um: float
    elongation: float = 1.0  # long axis / short axis
    waviness: float = 0.0  # deviation of harmonics 2 to 6: lumps
    ruffles: float = 0.0  # deviation of high harmonics: frayed or crenated edge
    point: float = 0.0  # one-sided tail

    @property
    def reach_um(self) -> float:
        """A radius that the outline stays within."""
        share = math.sqrt(self.elongation) + 3 * self.waviness + 3.2 * self.ruffles + self.point
        return self.radius_um * share + 0.3


def blob_distance(patch: Patch, rng: np.random.Generator, blob: Blob, ruffle_orders: range = range(8, 56)) -> FloatMap:
    """Distance to a wavy outline around 0, 0, turned at random; near the edge it is true within a few percent."""
    turn = rng.uniform(0, 2 * np.pi)
    stretch = np.float32(blob.elongation**0.5)
    along = (patch.x * np.float32(np.cos(turn)) + patch.y * np.float32(np.sin(turn))) / stretch
    across = (patch.y * np.float32(np.cos(turn)) - patch.x * np.float32(np.sin(turn))) * stretch
    wave = np.ones(256, dtype=np.float32)  # radius over one turn, from the negative long axis on
    if blob.waviness:
        wave += np.clip(blob.waviness * _wave_table(rng, range(2, 7), 1.5), -0.4, 3 * blob.waviness)
    if blob.ruffles:
        uneven = np.clip(1 + 0.8 * _wave_table(rng, range(1, 5), 0.5), 0.1, 2)
        wave += np.clip(blob.ruffles * uneven * _wave_table(rng, ruffle_orders, 0.7), -0.4, 3 * blob.ruffles)
    if blob.point:
        angle = np.linspace(0, 2 * np.pi, 256, endpoint=False)
        wave += (blob.point * np.exp(-((np.minimum(angle, 2 * np.pi - angle) / 0.25) ** 2))).astype(np.float32)
    wave = np.append(wave, wave[:2])  # so that the step after the last needs no wrapping
    position = np.arctan2(across, along) * np.float32(128 / np.pi) + np.float32(128)
    lower = position.astype(np.int32)
    here = wave[lower]
    edge = here + (wave[lower + 1] - here) * (position - lower)
    return np.asarray(np.sqrt(along * along + across * across) - np.float32(blob.radius_um) * edge, dtype=np.float32)


def backbone_distance(patch: Patch, points_um: FloatMap, radii_um: FloatMap) -> FloatMap:
    """Distance to a chain of discs `(n, 2)` with radii `(n,)`; dense chains make bands, lobes and strands."""
    distance = np.full(patch.shape, np.inf, dtype=np.float32)
    for (x, y), radius in zip(points_um, radii_um, strict=True):
        across, down = patch.x - x, patch.y - y
        np.minimum(distance, np.sqrt(across * across + down * down) - radius, out=distance)
    return distance


def turn_points(points: FloatMap, angle: float) -> FloatMap:
    """Points `(n, 2)` turned about 0, 0."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]), dtype=np.float32)
