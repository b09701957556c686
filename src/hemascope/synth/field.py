"""Composes painted cells into one field of view with its ground truth."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hemascope.core.boxes import FloatArray
from hemascope.errors import SynthSettingsError
from hemascope.imaging.resize import RgbArray
from hemascope.synth.anucleate import paint_artefact, paint_platelet, paint_red_cell
from hemascope.synth.nucleated import PaintedCell, paint_nucleated
from hemascope.synth.optics import take_picture
from hemascope.synth.placement import Kind, Layout
from hemascope.synth.settings import FieldSettings
from hemascope.synth.stain import LOOKS
from hemascope.synth.textures import FloatMap

InstanceMask = NDArray[np.int32]

_LEAST_VISIBLE = 0.05  # a cell of which less than this share can be seen is painted but not listed


@dataclass(frozen=True, slots=True)
class PaintedField:
    """A picture and what is in it; row `i` of the lists is value `i + 1` of the mask.

    A pixel of the mask belongs to the uppermost cell (0: no cell). Boxes hold all of a cell that can be seen: the part
    of a red cell below another red cell shines through, so only there a box may be larger than the cell's pixels.
    """

    rgb: RgbArray  # (height, width, 3)
    boxes_xyxy: FloatArray  # (n, 4), whole pixels, x2 and y2 exclusive
    class_ids: tuple[str, ...]  # n ids of the taxonomy
    is_overlapped: NDArray[np.bool_]  # (n,) some of the cell lies below another one
    instance_mask: InstanceMask  # (height, width)


@dataclass(frozen=True, slots=True)
class _Placed:
    class_id: str
    rows: slice
    columns: slice
    inside: NDArray[np.bool_]  # the part of the cell within the picture
    whole_px: int  # pixels of the cell, within and outside the picture


@dataclass(slots=True)
class _Canvas:
    density: FloatMap  # (height, width, 3)
    owner: InstanceMask
    placed: list[_Placed] = field(default_factory=list)

    def add(self, cell: PaintedCell, x: int, y: int) -> None:
        """Lays a cell with its middle at `x, y` over everything painted so far."""
        height, width = self.owner.shape
        top, left, side = y - cell.half_px, x - cell.half_px, 2 * cell.half_px + 1
        rows, columns = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
        own = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        cover, paint, below = cell.cover[own], cell.density[own], self.density[rows, columns]
        if cell.is_opaque:
            below += (paint - below) * cover[..., None]
        else:
            below += paint * cover[..., None]
        inside = cover >= 0.5
        self.placed.append(_Placed(cell.class_id, rows, columns, inside, int((cell.cover >= 0.5).sum())))
        self.owner[rows, columns][inside] = len(self.placed)


def paint_field(settings: FieldSettings, seed: int) -> PaintedField:
    """One field; the same settings and seed (0 or more) give the same bytes."""
    if seed < 0:
        raise SynthSettingsError(f"seed is {seed}: it must be 0 or more")
    rng = np.random.default_rng(seed)
    shape = (settings.height, settings.width)
    canvas = _Canvas(np.zeros((*shape, 3), dtype=np.float32), np.zeros(shape, dtype=np.int32))
    layout = Layout(settings.width, settings.height)
    # Nucleated cells find their place first, as the rarest, but are laid over the red cells.
    nucleated = list(_place_nucleated(settings, layout, rng))
    for cell, x, y in _place_red_cells(settings, layout, rng):
        canvas.add(cell, x, y)
    for cell, x, y in [*nucleated, *_place_small(settings, layout, rng)]:
        canvas.add(cell, x, y)
    rgb = take_picture(canvas.density, LOOKS[settings.look], settings.optics, rng)
    return _list_visible(canvas, rgb)


_Sited = tuple[PaintedCell, int, int]


def _draw_count(settings: FieldSettings, density: float, rng: np.random.Generator) -> int:
    return int(rng.poisson(density * settings.area_um2 / 1000))


def _reach_px(cell: PaintedCell) -> float:
    rows, columns = np.nonzero(cell.cover >= 0.5)
    return float(np.hypot(rows - cell.half_px, columns - cell.half_px).max(initial=0.5))


def _place_nucleated(settings: FieldSettings, layout: Layout, rng: np.random.Generator) -> Iterator[_Sited]:
    count = max(settings.min_nucleated, _draw_count(settings, settings.nucleated_density, rng))
    class_ids = list(settings.nucleated_mix)
    weights = np.array([settings.nucleated_mix[class_id] for class_id in class_ids])
    for class_id in rng.choice(class_ids, size=count, p=weights / weights.sum()):
        cell = paint_nucleated(str(class_id), rng, settings.pixels_per_micron)
        middle = layout.place(rng, _reach_px(cell), Kind.NUCLEATED)
        if middle:
            yield cell, *middle


def _place_red_cells(settings: FieldSettings, layout: Layout, rng: np.random.Generator) -> Iterator[_Sited]:
    for _ in range(_draw_count(settings, settings.red_cell_density, rng)):
        cell = paint_red_cell(rng, settings.pixels_per_micron, settings.red_cell_size_deviation)
        may_overlap = rng.random() < settings.red_cell_overlap
        middle = layout.place(rng, _reach_px(cell), Kind.RED, may_overlap=may_overlap)
        if middle:
            yield cell, *middle


def _place_small(settings: FieldSettings, layout: Layout, rng: np.random.Generator) -> Iterator[_Sited]:
    for index in range(_draw_count(settings, settings.platelet_density, rng)):
        is_giant = rng.random() < settings.giant_platelet_share
        cell = paint_platelet(rng, settings.pixels_per_micron, is_giant)
        is_beside = index > 0 and rng.random() < settings.platelet_clumping
        is_riding = rng.random() < 0.2
        middle = layout.place(rng, _reach_px(cell), Kind.SMALL, may_overlap=is_riding, near_last=is_beside)
        if middle:
            yield cell, *middle
    for _ in range(_draw_count(settings, settings.artefact_density, rng)):
        cell = paint_artefact(rng, settings.pixels_per_micron)
        middle = layout.place(rng, _reach_px(cell), Kind.SMALL, may_overlap=True)
        if middle:
            yield cell, *middle


def _list_visible(canvas: _Canvas, rgb: RgbArray) -> PaintedField:
    """Numbers the cells that can be seen from 1 on, in the order they were painted."""
    is_red = np.array([False, *(cell.class_id == "red_cell" for cell in canvas.placed)])
    new_label = np.zeros(len(canvas.placed) + 1, dtype=np.int32)
    boxes, class_ids, overlapped = [], [], []
    for label, cell in enumerate(canvas.placed, start=1):
        owner = canvas.owner[cell.rows, cell.columns]
        own = cell.inside & (owner == label)
        if own.sum() < max(1, _LEAST_VISIBLE * cell.whole_px):
            continue
        seen = cell.inside & (own | (is_red[owner] & is_red[label]))
        rows, columns = np.nonzero(seen.any(axis=1))[0], np.nonzero(seen.any(axis=0))[0]
        top, left = cell.rows.start, cell.columns.start
        boxes.append((left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1))
        class_ids.append(cell.class_id)
        overlapped.append(bool((cell.inside & ~own).any()))
        new_label[label] = len(boxes)
    return PaintedField(
        rgb=rgb,
        boxes_xyxy=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        class_ids=tuple(class_ids),
        is_overlapped=np.array(overlapped, dtype=bool),
        instance_mask=new_label[canvas.owner],
    )
