"""Turns stained density into a camera picture: light, stain, vignette, focus, noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hemascope.errors import SynthSettingsError
from hemascope.synth.stain import StainLook, mix_dyes
from hemascope.synth.textures import FloatMap, cut_clouds


@dataclass(frozen=True, slots=True)
class Optics:
    """Spread of the camera and stain settings from field to field; all 0 gives a flat, sharp, noise-free picture."""

    stain_variation: float = 0.08  # relative deviation of dye strength
    light_variation: float = 0.012  # relative deviation of brightness and, per channel, of white balance
    vignette: float = 0.05  # largest loss of light in the corners
    focus_blur_px: tuple[float, float] = (0.5, 1.1)  # range of the blur's sigma
    noise: float = 1.6  # largest deviation of the sensor noise, in grey levels

    def __post_init__(self) -> None:
        for name in ("stain_variation", "light_variation", "vignette", "noise"):
            if not getattr(self, name) >= 0:
                raise SynthSettingsError(f"{name} is {getattr(self, name)}: it must be 0 or more")
        if not 0 <= self.focus_blur_px[0] <= self.focus_blur_px[1]:
            raise SynthSettingsError(f"focus_blur_px is {self.focus_blur_px}: it must be two rising values from 0 on")


def take_picture(density: FloatMap, look: StainLook, optics: Optics, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The RGB picture `(height, width, 3)` of densities of the same shape."""
    height, width = density.shape[:2]
    red, green, blue = (np.ascontiguousarray(density[..., channel]) for channel in range(3))
    mixing = mix_dyes(look, rng, optics.stain_variation)
    balance = np.exp(optics.light_variation * (rng.normal() + rng.normal(size=3) / 2))
    lamp = _vignette(height, width, rng.uniform(0, optics.vignette), rng)
    lamp *= 1 + 0.006 * cut_clouds(rng, (height, width), 40.0)
    blur_px = rng.uniform(*optics.focus_blur_px)
    noise = np.float32(rng.uniform(0.3, 1.0) * optics.noise)
    rgb = np.empty(density.shape, dtype=np.uint8)
    for channel in range(3):  # plane by plane: three times as fast as on interleaved colours
        to_red, to_green, to_blue = mixing[:, channel]
        light = np.exp(-(to_red * red + to_green * green + to_blue * blue))
        light *= np.float32(look.glass[channel] * balance[channel]) * lamp
        if blur_px > 0.2:
            light = ndimage.gaussian_filter(light, blur_px, truncate=2.5)
        light += noise * rng.standard_normal(light.shape, dtype=np.float32)
        rgb[..., channel] = np.clip(light + np.float32(0.5), 0, 255)
    return rgb


def _vignette(height: int, width: int, loss: float, rng: np.random.Generator) -> FloatMap:
    """Light `1 - loss .. 1` `(height, width)` falling off from a point near the middle."""
    x0, y0 = rng.normal(0, 0.25, size=2)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] - np.float32(y0)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :] - np.float32(x0)
    return np.asarray(1 - loss * np.clip((x * x + y * y) / 2, 0, 1), dtype=np.float32)
