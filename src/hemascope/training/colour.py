"""Colour, light and focus changes of a training image: what differs between stains, lamps and cameras."""

import numpy as np
from PIL import Image, ImageFilter

from hemascope.imaging.resize import RgbArray
from hemascope.imaging.stain import dyes_to_rgb, rgb_to_dyes


def vary_colour(rgb: RgbArray, rng: np.random.Generator, strength: float) -> RgbArray:
    """Random white balance, gamma, contrast, saturation and a small hue turn; `strength` 1 is usual, 0 none."""
    if strength == 0:
        return rgb
    x = rgb.astype(np.float32) / 255
    gain = 1 + strength * rng.uniform(-0.12, 0.12, 3).astype(np.float32)
    x = np.clip(x * gain, 1e-4, 1) ** np.float32(np.exp(strength * rng.uniform(-0.25, 0.25)))
    grey = x @ np.array([0.299, 0.587, 0.114], np.float32)
    x = grey[..., None] + (x - grey[..., None]) * np.float32(1 + strength * rng.uniform(-0.35, 0.35))
    mean = x.mean()
    x = mean + (x - mean) * np.float32(1 + strength * rng.uniform(-0.25, 0.25))
    x = x + np.float32(strength * rng.uniform(-0.08, 0.08))
    angle = strength * rng.uniform(-0.15, 0.15)
    return np.asarray(np.clip(x @ _hue_rotation(angle).T, 0, 1) * 255 + 0.5).astype(np.uint8)


def vary_stain(rgb: RgbArray, rng: np.random.Generator, strength: float) -> RgbArray:
    """Random amounts of each dye (Tellez et al. 2018, section 3.2: sigma 0.05 at `strength` 1); 0 changes nothing."""
    if strength == 0:
        return rgb
    gain = 1 + strength * rng.uniform(-0.05, 0.05, 3).astype(np.float32)
    shift = strength * rng.uniform(-0.05, 0.05, 3).astype(np.float32)
    return dyes_to_rgb(rgb_to_dyes(rgb) * gain + shift)


def add_noise(rgb: RgbArray, rng: np.random.Generator, largest: float) -> RgbArray:
    """Gaussian noise of a standard deviation up to `largest` grey values; 0 changes nothing."""
    if largest == 0:
        return rgb
    noise = rng.normal(0, rng.uniform(0, largest), rgb.shape)
    return np.clip(rgb + noise + 0.5, 0, 255).astype(np.uint8)


def vary_focus(rgb: RgbArray, rng: np.random.Generator, share: float) -> RgbArray:
    """A Gaussian blur of at most 1.5 pixels, in a `share` (0..1) of the calls."""
    if rng.random() >= share:
        return rgb
    return np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.5))))


def lose_detail(rgb: RgbArray, rng: np.random.Generator, share: tuple[float, float]) -> RgbArray:
    """As if enlarged from a picture of a smaller side, by a factor drawn from `share` (0..1) on a log scale."""
    if share == (1.0, 1.0):
        return rgb
    height, width = rgb.shape[:2]
    factor = float(np.exp(rng.uniform(*np.log(share))))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def turn_and_mirror(rgb: RgbArray, turns: int, mirror: bool) -> RgbArray:
    """One of the eight symmetries of the square: `turns` quarter turns counter-clockwise, then a left-right mirror."""
    turned = np.rot90(rgb, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirror else turned)


def _hue_rotation(angle: float) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """Rotation of RGB space about the grey axis by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    a, b = (1 - c) / 3, s / np.sqrt(3)
    return np.array([[c + a, a - b, a + b], [a + b, c + a, a - b], [a - b, a + b, c + a]], np.float32)
