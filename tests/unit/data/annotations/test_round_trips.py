"""Every ordered pair of formats: what both hold comes back."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from hemascope.data.annotations import FORMATS, AnnotatedImage, Shape, read_annotations, write_annotations
from hemascope.data.annotations.losses import Holds

SIZES = {"a.png": (64, 48), "sub/b.jpg": (320, 241), "细胞.png": (33, 20)}
PAIRS = list(permutations(FORMATS, 2))
FEW = settings(
    max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), database=None, phases=[Phase.generate]
)
WORD = st.text("abcdefgh éß细胞<&\"',;#", min_size=1, max_size=8).map(lambda text: f"x{text}y")
LABEL = st.sampled_from(["lymphocyte", "red cell", "粒细胞", "a<b", "x: #1"])
FOLDER_LABEL = st.sampled_from(["lymphocyte", "red cell", "粒细胞"])
OTHER = st.dictionaries(st.sampled_from(["reader", "site"]), st.integers(0, 9) | WORD | st.lists(WORD), max_size=2)


@pytest.fixture(scope="module")
def pictures() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            path = Path(folder) / "pictures" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", size).save(path)
        yield Path(folder) / "pictures"


def cut(number: float) -> float:
    return round(number, 3)


@st.composite
def shapes(draw: st.DrawFn, width: int, height: int) -> Shape:
    x1, y1 = cut(draw(st.floats(0, width - 2))), cut(draw(st.floats(0, height - 2)))
    x2, y2 = cut(draw(st.floats(x1 + 1, width))), cut(draw(st.floats(y1 + 1, height)))
    kind, points = draw(
        st.sampled_from(
            [
                ("box", ((x1, y1), (x2, y2))),
                ("polygon", ((x1, y1), (x2, y1), (x2, y2))),
                ("polygon", ((x1, y1), (x2, y1), (x2, y2), (x1, y2))),  # a rectangle, and yet no box
                ("circle", (((x1 + x2) / 2, (y1 + y2) / 2), ((x1 + x2) / 2 + 0.5, (y1 + y2) / 2))),
                ("line", ((x1, y1), (x2, y2))),
            ]
        )
    )
    return Shape(
        draw(LABEL),
        points,
        kind,
        score=draw(st.none() | st.floats(0, 1)),
        description=draw(st.just("") | WORD),
        flags=draw(st.dictionaries(WORD, st.booleans(), max_size=2)),
        group_id=draw(st.none() | st.integers(0, 9)),
        is_difficult=draw(st.booleans()),
        is_truncated=draw(st.booleans()),
        is_crowd=draw(st.booleans()),
        other=draw(OTHER | st.sampled_from([{"pose": "Left"}, {"occluded": "1"}])),
    )


@st.composite
def images(draw: st.DrawFn, folder: Path) -> list[AnnotatedImage]:
    has_splits = draw(st.booleans())
    names = draw(st.lists(st.sampled_from(sorted(SIZES)), min_size=1, max_size=3, unique=True))
    return [
        AnnotatedImage(
            folder / name,
            name,
            *SIZES[name],
            shapes=tuple(draw(st.lists(shapes(*SIZES[name]), max_size=3))),
            label=draw(st.none() | FOLDER_LABEL),
            split=draw(st.sampled_from(["train", "val"])) if has_splits else None,
            source=draw(st.none() | WORD),
            group=draw(st.none() | WORD),
            flags=draw(st.sampled_from([{}, {"seen": False}, {"seen": True, "sharp": True}])),
            other=draw(OTHER),
            is_absolute=draw(st.booleans()),
        )
        for name in names
    ]


def both(a: Holds, b: Holds) -> Holds:
    keys = [holds.shape_keys for holds in (a, b) if holds.shape_keys is not None]
    return Holds(
        kinds=a.kinds & b.kinds,
        precision_px=max(a.precision_px, b.precision_px),
        has_scores=a.has_scores and b.has_scores,
        has_descriptions=a.has_descriptions and b.has_descriptions,
        has_flags=a.has_flags and b.has_flags,
        has_group_ids=a.has_group_ids and b.has_group_ids,
        marks=a.marks & b.marks,
        shape_keys=frozenset.intersection(*keys) if keys else None,
        has_image_keys=a.has_image_keys and b.has_image_keys,
        has_image_labels=a.has_image_labels and b.has_image_labels,
        has_unlabelled_images=a.has_unlabelled_images and b.has_unlabelled_images,
        has_splits=a.has_splits and b.has_splits,
        has_groups=a.has_groups and b.has_groups,
    )


def expected(record: AnnotatedImage, holds: Holds) -> AnnotatedImage | None:
    """What of a record a format pair can hold, said again independently of the code under test."""
    if not holds.has_unlabelled_images and (record.label is None or not holds.has_image_labels):
        return None
    return replace(
        record,
        shapes=tuple(expected_shape(shape, holds) for shape in record.shapes if holds.kinds and shape.kind != "line"),
        label=record.label if holds.has_image_labels else None,
        split=record.split if holds.has_splits else None,
        source=record.source if holds.has_groups else None,
        group=record.group if holds.has_groups else None,
        flags=record.flags if holds.has_flags else {},
        other=record.other if holds.has_image_keys else {},
    )


def expected_shape(shape: Shape, holds: Holds) -> Shape:
    x1, y1, x2, y2 = shape.box_xyxy
    keeps_kind = shape.kind in holds.kinds
    return Shape(
        shape.label,
        shape.points if keeps_kind else ((x1, y1), (x2, y2)),
        shape.kind if keeps_kind else "box",
        shape.score if holds.has_scores else None,
        shape.description if holds.has_descriptions else "",
        shape.flags if holds.has_flags else {},
        shape.group_id if holds.has_group_ids else None,
        is_difficult=shape.is_difficult and "difficult" in holds.marks,
        is_truncated=shape.is_truncated and "truncated" in holds.marks,
        is_crowd=shape.is_crowd and "crowd" in holds.marks,
        other={k: v for k, v in shape.other.items() if holds.shape_keys is None or k in holds.shape_keys},
    )


def compared(record: AnnotatedImage) -> dict[str, object]:
    """The class counts among the flags, because in labelme it is one; points are compared apart."""
    return {
        "image": os.path.realpath(record.image),
        "split": record.split,
        "group": (record.source, record.group),
        "flags": {name for name, is_set in record.flags.items() if is_set} | {record.label} - {None},
        "other": {key: value for key, value in record.other.items() if key != "version"},
        "shapes": [(replace(shape, points=(), flags={}), dict(shape.flags)) for shape in record.shapes],
    }


def assert_near(found: AnnotatedImage, wanted: AnnotatedImage, precision_px: float) -> None:
    for one, other in zip(found.shapes, wanted.shapes, strict=True):
        points = one.points
        if len(points) == 4:  # the corner a rectangular polygon starts with is free
            turns = [points[turn:] + points[:turn] for turn in range(4)]
            points = min(turns, key=lambda turned: distance(turned, other.points))
        assert len(points) == len(other.points)
        assert distance(points, other.points) <= precision_px


def distance(a: tuple[tuple[float, float], ...], b: tuple[tuple[float, float], ...]) -> float:
    return max(abs(u - v) for p, q in zip(a, b, strict=True) for u, v in zip(p, q, strict=True))


@pytest.mark.parametrize(("first", "second"), PAIRS)
@settings(
    max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), database=None, phases=[Phase.generate]
)
@given(data=st.data())
def test_what_two_formats_hold_survives_the_way_there_and_back(
    first: str, second: str, data: st.DataObject, pictures: Path
) -> None:
    records = data.draw(images(pictures))
    holds = both(FORMATS[first].holds, FORMATS[second].holds)
    wanted = [expected(record, holds) for record in records]
    if not any(wanted):
        return
    by_name = {Path(record.name).name: record for record in wanted if record}
    out = pictures.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    handling = "link" if "folders" in (first, second) else "keep"
    given = iter(records)
    for step, fmt in enumerate((first, second, first)):
        write_annotations(given, out / f"{step}", fmt, images=handling)
        given = read_annotations(out / f"{step}", fmt)
    found = list(given)

    assert {record.image.name for record in found} == set(by_name)
    for record in found:
        original = by_name[record.image.name]
        mine, theirs = compared(record), compared(original)
        if handling == "link":
            assert record.image.stat().st_ino == original.image.stat().st_ino
            mine["image"] = theirs["image"] = ""
        else:
            assert record.is_absolute == original.is_absolute
        assert mine == theirs
        assert record.label == original.label
        assert_near(record, original, 2 * holds.precision_px)
        if record.width:
            assert (record.width, record.height) == SIZES[original.name]


@pytest.mark.parametrize("fmt", FORMATS)
def test_second_writing_of_what_was_read_loses_nothing(fmt: str, pictures: Path, tmp_path: Path) -> None:
    shape = Shape("lymphocyte", ((1, 2), (10.5, 12)), score=0.5, is_difficult=True)
    record = AnnotatedImage(pictures / "a.png", "a.png", 64, 48, (shape,), label="blast", flags={"seen": True})
    write_annotations([record], tmp_path / "1", fmt, images="copy")
    again = write_annotations(read_annotations(tmp_path / "1"), tmp_path / "2", fmt, images="copy", is_strict=True)
    assert again.losses == ()
