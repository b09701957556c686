"""Confirmed labels of a folder of labelme files to a version of a dataset: single cells to recognise, or fields."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from hemascope.core.boxes import FloatArray
from hemascope.data.annotations import AnnotatedImage, Shape
from hemascope.data.annotations.formats import read_annotations
from hemascope.data.annotations.record import KINDS_WITH_AREA
from hemascope.data.duplicates import families, fingerprints, identical_pairs, near_pairs_of
from hemascope.data.listing import ListedImage, group_values
from hemascope.data.splits import assign_groups, joint_groups
from hemascope.data.versions import (
    IMAGES_FOLDER,
    DatasetVersion,
    Provenance,
    latest_version,
    read_version,
    write_version,
)
from hemascope.errors import DatasetError
from hemascope.hematology.taxonomy import DETECTION_CLASSES, TAXONOMY, describe_unknown, detection_class
from hemascope.imaging.crop import crop_window_xyxy
from hemascope.imaging.decode import open_image
from hemascope.inference.pipeline import cut_window
from hemascope.service.file_names import unique_stems
from hemascope.service.proposals import DETECTED_AS, is_confirmed, is_done, proposing_models
from hemascope.service.recording import UNIDENTIFIED
from hemascope.service.unlabelled import is_classified

Kind = Literal["crops", "fields"]
Unconfirmed = Literal["refuse", "skip", "include"]
Names = Literal["detector", "cell"]

CROP_CONTEXT = 2.5  # side of a crop file relative to the longer side of its box: more than any classifier looks at
TRAIN_PART = "train"
_NO_CLASS = frozenset({"wbc", UNIDENTIFIED})  # a cell, but nobody has said which


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """`names` of boxes in fields: the detector's three, or those that stand in the files.

    `looked_for` are classes that were marked wherever they are, also those that no field shows: what is not marked
    teaches a detector that it is background.
    """

    kind: Kind
    created_by: str
    shares: Mapping[str, float] = field(default_factory=lambda: {TRAIN_PART: 0.8, "val": 0.2})
    unconfirmed: Unconfirmed = "refuse"
    names: Names = "detector"
    group_by: str | None = None
    seed: int = 0
    looked_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Fields with the shapes that are exported, and why others are not."""

    records: list[AnnotatedImage]
    left_out: Counter[str]


def export_labels(
    folder: Path, dataset: Path, options: ExportOptions, on_image: Callable[[object], None] = lambda _image: None
) -> tuple[Path, DatasetVersion]:
    """Writes the next version below `dataset`; gives its folder and manifest.

    Fields that an earlier version has keep their part, so that what is measured on never becomes what is trained on;
    copies of a picture share one. Raises DatasetError where boxes wait for a person (unless `unconfirmed` says so), for
    labels that the taxonomy lacks, for files or images that cannot be used; OutputError.
    """
    records = list(read_annotations(folder, "labelme"))
    _check_labels(records)
    chosen = _choose(records, options)
    if not chosen.records:
        raise DatasetError(f"'{folder}' holds nothing to export: {dict(chosen.left_out) or 'no label'}")
    groups = _groups(chosen.records, options.group_by)
    part_of = _parts(chosen.records, groups, dataset, options)
    fields = [
        replace(record, split=part_of[record.name], group=group)
        for record, group in zip(chosen.records, groups, strict=True)
    ]
    provenance = Provenance(
        created_at=datetime.now(UTC).replace(microsecond=0),
        created_by=options.created_by,
        source=str(folder),
        models=tuple(sorted({model for record in records for model in proposing_models(record)})),
        left_out=dict(chosen.left_out),
    )
    stems = unique_stems([record.name for record in fields])
    write = _write_crops if options.kind == "crops" else _write_fields
    return write_version(
        dataset,
        options.kind,
        lambda part: write(fields, stems, part, on_image),
        provenance,
        part_of,
        _class_order(fields, options),
    )


def _class_order(fields: Sequence[AnnotatedImage], options: ExportOptions) -> tuple[str, ...]:
    """The classes that occur or were looked for. Raises DatasetError for one that is none."""
    known = tuple(dict.fromkeys((*DETECTION_CLASSES, *TAXONOMY)))
    unknown = next((name for name in options.looked_for if name not in known), None)
    if unknown is not None:
        raise DatasetError(f"unknown class that was looked for: {describe_unknown(unknown, known)}")
    labels = {shape.label for record in fields for shape in record.shapes} | set(options.looked_for)
    return tuple(name for name in known if name in labels)


def _choose(records: Sequence[AnnotatedImage], options: ExportOptions) -> _Chosen:
    waiting = [record for record in records if not is_done(record)]
    count = sum(not is_confirmed(shape, record) for record in waiting for shape in record.shapes)
    if waiting and options.unconfirmed == "refuse":
        raise DatasetError(
            f"{count} boxes in {len(waiting)} files wait for a person, '{waiting[0].name}' first: finish them with "
            "'hemascope annotate review', or choose --unconfirmed skip or include"
        )
    left_out: Counter[str] = Counter()
    if options.unconfirmed == "skip" and count:
        left_out["unconfirmed"] = count
    choose = _crop_shapes if options.kind == "crops" else _field_shapes
    kept = (choose(record, options, left_out) for record in records)
    return _Chosen([record for record in kept if record is not None], left_out)


def _crop_shapes(record: AnnotatedImage, options: ExportOptions, left_out: Counter[str]) -> AnnotatedImage | None:
    """The nucleated cells that somebody has named; None for none."""
    shapes = []
    for shape in record.shapes:
        if options.unconfirmed == "skip" and not is_confirmed(shape, record):
            continue
        if shape.kind not in KINDS_WITH_AREA or not is_classified(shape):
            left_out["not a cell to classify"] += 1
        elif shape.label in _NO_CLASS:
            left_out["without a class"] += 1
        else:
            shapes.append(shape)
    return replace(record, shapes=tuple(shapes)) if shapes else None


def _field_shapes(record: AnnotatedImage, options: ExportOptions, left_out: Counter[str]) -> AnnotatedImage | None:
    """All boxes; None for a field that is not finished: what is unmarked in it would be learned as background."""
    if options.unconfirmed == "skip" and not is_done(record):
        left_out["in unfinished fields"] += sum(is_confirmed(shape, record) for shape in record.shapes)
        return None
    shapes = []
    for shape in record.shapes:
        label = shape.label if options.names == "cell" else _detector_label(shape)
        if label is None or shape.kind not in KINDS_WITH_AREA:
            left_out["not a thing to find"] += 1
        else:
            x1, y1, x2, y2 = shape.box_xyxy
            shapes.append(replace(shape, label=label, kind="box", points=((x1, y1), (x2, y2))))
    return replace(record, shapes=tuple(shapes))


def _detector_label(shape: Shape) -> str | None:
    """`wbc`, `rbc`, `platelet`, or None for debris; an unidentified cell is what the detector saw."""
    if shape.label == UNIDENTIFIED:
        return str(shape.other.get(DETECTED_AS, "wbc"))
    return detection_class(shape.label)


def _check_labels(records: Sequence[AnnotatedImage]) -> None:
    known = (*TAXONOMY, *DETECTION_CLASSES)
    for record in records:
        for shape in record.shapes:
            if shape.label not in known:
                raise DatasetError(
                    f"{record.origin}, {shape.place}: unknown label {describe_unknown(shape.label, known)}"
                )


def _groups(records: Sequence[AnnotatedImage], group_by: str | None) -> tuple[str, ...]:
    """Who must not be parted: copies of a picture, and what the files, a column or a pattern say."""
    listed = [ListedImage(record) for record in records]
    declared = tuple(record.group or record.name for record in records)
    if group_by is not None:
        declared = group_values(listed, group_by)
    prints = fingerprints([record.image for record in records])
    for record, print_ in zip(records, prints, strict=True):
        if print_.fault is not None:
            raise DatasetError(f"{record.image} ({record.origin}) cannot be read: {print_.fault}")
    same = identical_pairs([print_.sha256 for print_ in prints])
    pairs = np.concatenate([same, near_pairs_of(prints)[:, :2]])
    return joint_groups(declared, families(len(records), pairs))


def _parts(
    records: Sequence[AnnotatedImage], groups: Sequence[str], dataset: Path, options: ExportOptions
) -> dict[str, str]:
    """The part of every field by its name, those of earlier versions first."""
    latest = latest_version(dataset)
    known = {} if latest is None else dict(read_version(latest).part_of_field)
    part_of_group: dict[str, str] = {}
    for record, group in zip(records, groups, strict=True):
        part = known.get(record.name)
        if part is not None and part_of_group.setdefault(group, part) != part:
            raise DatasetError(
                f"'{record.name}' belongs together with a field of another part ({part_of_group[group]}, not {part}): "
                f"a copy links '{group}' across the parts of {latest}; take one of them out"
            )
    new = [i for i, group in enumerate(groups) if group not in part_of_group]
    if new:
        names = sorted({shape.label for i in new for shape in records[i].shapes})
        counts = np.zeros((len(new), len(names)), np.int64)
        for row, i in enumerate(new):
            for shape in records[i].shapes:
                counts[row, names.index(shape.label)] += 1
        new_groups = [groups[i] for i in new]
        if part_of_group and len(set(new_groups)) < len(options.shares):  # too few to divide: more to learn from
            part_of_group |= dict.fromkeys(new_groups, TRAIN_PART)
        else:
            assigned = assign_groups(new_groups, counts, options.shares, options.seed)
            part_of_group |= dict(zip(new_groups, assigned, strict=True))
    return known | {record.name: part_of_group[group] for record, group in zip(records, groups, strict=True)}


def _write_crops(
    fields: Sequence[AnnotatedImage], stems: Sequence[str], part: Path, on_image: Callable[[object], None]
) -> Iterator[AnnotatedImage]:
    (part / IMAGES_FOLDER).mkdir()
    for record, stem in zip(fields, stems, strict=True):
        with open_image(record.image) as source:
            for number, shape in enumerate(record.shapes, start=1):
                box: FloatArray = np.array(shape.box_xyxy, np.float32)
                window = crop_window_xyxy(box, CROP_CONTEXT)
                path = part / IMAGES_FOLDER / f"{stem}-{number}.png"
                Image.fromarray(cut_window(source, window)).save(path)
                left, top, right, bottom = window
                x1, y1, x2, y2 = (float(value) for value in box)
                cell = Shape.from_xyxy(shape.label, (x1 - left, y1 - top, x2 - left, y2 - top))
                yield replace(
                    record,
                    image=path,
                    name=f"{IMAGES_FOLDER}/{path.name}",
                    width=right - left,
                    height=bottom - top,
                    shapes=(cell,),
                    label=shape.label,
                    source=record.source or "own",
                    flags={},
                    other={},
                    embedded_image=None,
                    is_absolute=False,
                )
        on_image(record)


def _write_fields(
    fields: Sequence[AnnotatedImage], stems: Sequence[str], part: Path, on_image: Callable[[object], None]
) -> Iterator[AnnotatedImage]:
    (part / IMAGES_FOLDER).mkdir()
    for record, stem in zip(fields, stems, strict=True):
        path = part / IMAGES_FOLDER / f"{stem}{record.image.suffix}"
        shutil.copyfile(record.image, path)
        yield replace(
            record,
            image=path,
            name=f"{IMAGES_FOLDER}/{path.name}",
            source=record.source or "own",
            flags={},
            other={},
            embedded_image=None,
            is_absolute=False,
        )
        on_image(record)
