"""How classification bundles do on cells of laboratories with other stains, lamps and cameras, side by side.

OMP_NUM_THREADS=2 python tools/measure_laboratories.py --data PATH --out results/laboratories classifier-light FOLDER/

PATH holds `pbc`, `txl-pbc` and `apl-aml`. Measured are PBC's validation cells; the boxes of the validation fields of
the other three sources of `txl-pbc`, of which only is known whether they hold a white cell or a platelet; and cells of
leukaemia patients of another hospital, of the classes that the bundle knows and of two that it does not. At most 600
of each, drawn with seed 0.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hemascope.data.images import read_image
from hemascope.data.readers import read_cells, read_fields
from hemascope.data.sample import CellSample
from hemascope.evaluation.tables import write_rows
from hemascope.hematology.intervals import clopper_pearson
from hemascope.imaging.crop import serving_crop
from hemascope.imaging.resize import RgbArray
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import ClassifiedCells, Classifier
from hemascope.service.registry import find_bundle_folder

HEADER = [
    "bundle", "version", "laboratory", "kind", "cells", "identified", "right", "right_low", "right_high",
    "right_of_identified",
]  # fmt: skip
UNKNOWN = ("blast", "smudge_cell")
MOST_CELLS = 600


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of one laboratory; `is_right` says whether a class is right for a cell, None where no class is."""

    laboratory: str
    kind: str
    cells: Sequence[CellSample]
    is_right: Callable[[str, CellSample], bool] | None


def groups(data: Path, classes: Sequence[str]) -> Iterator[Group]:
    def is_label(name: str, cell: CellSample) -> bool:
        return name == cell.label

    yield Group("pbc", "classes", read_cells("pbc", data / "pbc", "val").samples, is_label)
    fields = read_fields("txl-pbc", data / "txl-pbc", "val")
    boxed = [
        CellSample(field.path, fields.classes[class_id], field.source, field.group, box)
        for field in fields.samples
        for box, class_id in zip(field.boxes_xyxy, field.class_ids, strict=True)
    ]
    for source in sorted({cell.source for cell in boxed} - {"pbc"}):
        of_source = [cell for cell in boxed if cell.source == source]
        white, platelets = ([c for c in of_source if c.label == kind] for kind in ("wbc", "platelet"))
        yield Group(source, "white cells", white, lambda name, _: name != "platelet")
        yield Group(source, "platelets", platelets, lambda name, _: name == "platelet")
    patients = read_cells("apl-aml", data / "apl-aml", "all").samples
    yield Group("apl-aml", "known classes", [c for c in patients if c.label in classes], is_label)
    for label in UNKNOWN:
        yield Group("apl-aml", label, [c for c in patients if c.label == label], None)


def drawn(group: Group) -> Group:
    places = np.sort(np.random.default_rng(0).permutation(len(group.cells))[:MOST_CELLS])
    return replace(group, cells=[group.cells[i] for i in places])


def named(classifier: Classifier, cells: Sequence[CellSample]) -> ClassifiedCells:
    settings = classifier.settings

    def crops() -> Iterator[RgbArray]:
        for cell in cells:
            yield serving_crop(read_image(cell.path), cell.box_xyxy, settings.crop_context, settings.whole_image_zoom)

    return ClassifiedCells.concatenate(list(classifier.classify_batches(crops())), classifier.classes)


def row(group: Group, cells: ClassifiedCells) -> list[object]:
    kept = ~cells.unidentified
    head = [group.laboratory, group.kind, len(cells), f"{kept.mean():.4f}"]
    if group.is_right is None:
        return [*head, "", "", "", ""]
    right = np.array([group.is_right(name, cell) for name, cell in zip(cells.best, group.cells, strict=True)])
    interval = clopper_pearson(int(right.sum()), len(right))
    of_kept = f"{right[kept].mean():.4f}" if kept.any() else ""
    return [*head, f"{right.mean():.4f}", f"{interval.low:.4f}", f"{interval.high:.4f}", of_kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+", help="names, or folders with a slash")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rows = []
    for name in arguments.bundles:
        bundle = load_bundle(find_bundle_folder(name))
        classifier = Classifier(bundle)
        for group in map(drawn, groups(arguments.data, classifier.classes)):
            found = row(group, named(classifier, group.cells))
            rows.append([bundle.manifest.name, bundle.manifest.version, *found])
            print(*rows[-1], flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_rows(arguments.out / "laboratories.csv", HEADER, rows)


if __name__ == "__main__":
    main()
