"""What is wrong with a dataset: leaks between its parts, copies, broken boxes and images, mistyped labels."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Literal

import numpy as np

from hemascope.data.annotations import Shape, geometry_fault
from hemascope.data.duplicates import NEAR_DISTANCE, Fingerprint, fingerprints, identical_pairs, near_pairs_of
from hemascope.data.listing import ListedImage
from hemascope.hematology.dataset_labels import DATASET_LABELS
from hemascope.hematology.taxonomy import DETECTION_CLASSES, TAXONOMY

Severity = Literal["leak", "error", "warning"]

SLIVER_RATIO = 8.0  # cells are nearly round; even a platelet clump is no longer than this
_TYPO_LIKENESS = 0.8
_KNOWN_LABELS = tuple({*TAXONOMY, *DETECTION_CLASSES, *(name for names in DATASET_LABELS.values() for name in names)})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `kind` is stable; `files` are the images concerned, the two of a pair in order."""

    severity: Severity
    kind: str
    files: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    images: int
    shapes: int
    splits: dict[str, int]
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        return sum(finding.severity == severity for finding in self.findings)

    def kinds(self) -> Counter[tuple[Severity, str]]:
        """How often each kind was found, in the order of the findings."""
        return Counter((finding.severity, finding.kind) for finding in self.findings)

    def to_json(self) -> str:
        return json.dumps({"schema": "hemascope.audit/1", **asdict(self)}, ensure_ascii=False, indent=1) + "\n"


def audit(
    listed: Sequence[ListedImage],
    *,
    group_columns: Sequence[str] = ("group", "patient"),
    max_distance: int = NEAR_DISTANCE,
    on_image: Callable[[object], None] = lambda _done: None,
) -> AuditReport:
    """Reads every image once. A value of `group_columns` that occurs in two splits is a leak, as is a copy."""
    prints = fingerprints([one.record.image for one in listed], on_image)
    findings = [
        *_unreadable(listed, prints),
        *_copies(listed, prints, max_distance),
        *(finding for column in group_columns for finding in _parted_groups(listed, column)),
        *(finding for one, print_ in zip(listed, prints, strict=True) for finding in _boxes(one, print_)),
        *_labels(listed),
    ]
    order = {"leak": 0, "error": 1, "warning": 2}
    findings.sort(key=lambda finding: order[finding.severity])
    splits = Counter(one.value("split") or "" for one in listed)
    shapes = sum(len(one.record.shapes) for one in listed)
    return AuditReport(len(listed), shapes, dict(sorted(splits.items())), tuple(findings))


def _unreadable(listed: Sequence[ListedImage], prints: Sequence[Fingerprint]) -> Iterator[Finding]:
    for one, print_ in zip(listed, prints, strict=True):
        if print_.fault is not None:
            yield Finding("error", "unreadable", (one.record.name,), f"{one.record.name}: {print_.fault}")


def _copies(listed: Sequence[ListedImage], prints: Sequence[Fingerprint], max_distance: int) -> Iterator[Finding]:
    digests = [print_.sha256 for print_ in prints]
    for i, j in identical_pairs(digests).tolist():
        yield _pair(listed[i], listed[j], "identical", "the same file")
    for i, j, distance in near_pairs_of(prints, max_distance).tolist():
        if digests[i] != digests[j]:
            yield _pair(listed[i], listed[j], "near", f"nearly the same picture ({distance} of 255 bits differ)")


def _pair(a: ListedImage, b: ListedImage, kind: str, text: str) -> Finding:
    files = (a.record.name, b.record.name)
    splits = (a.value("split"), b.value("split"))
    if all(splits) and splits[0] != splits[1]:
        where = f"{files[0]} ({splits[0]}) and {files[1]} ({splits[1]})"
        return Finding("leak", f"{kind}-across-splits", files, f"{where} are {text}")
    if kind == "identical" and a.record.label != b.record.label:
        told = f"{files[0]} is '{a.record.label}', {files[1]} is '{b.record.label}'"
        return Finding("error", "identical-other-label", files, f"{told}, but they are {text}")
    return Finding("warning", kind, files, f"{files[0]} and {files[1]} are {text}")


def _parted_groups(listed: Sequence[ListedImage], column: str) -> Iterator[Finding]:
    files: dict[str, dict[str, str]] = defaultdict(dict)
    for one in listed:
        group, split = one.value(column), one.value("split")
        if group and split:
            files[group].setdefault(split, one.record.name)
    for group, found in files.items():
        if len(found) > 1:
            text = f"the {column} '{group}' has images in {', '.join(found)}"
            yield Finding("leak", f"{column}-across-splits", tuple(found.values()), text)


def _boxes(one: ListedImage, print_: Fingerprint) -> Iterator[Finding]:
    name = one.record.name
    width, height = print_.width or one.record.width, print_.height or one.record.height
    sound = []
    for shape in one.record.shapes:
        fault = geometry_fault(shape)
        where = f"{name}, {shape.place or 'box'} '{shape.label}'"
        if fault is not None:
            kind = "box-inverted" if "inverted" in fault else "box-empty" if "empty" in fault else "box-broken"
            yield Finding("error", kind, (name,), f"{where} {fault}")
            continue
        sound.append(shape)
        if shape.kind != "box":
            continue
        x1, y1, x2, y2 = shape.box_xyxy
        if width and height and (x1 < -1 or y1 < -1 or x2 > width + 1 or y2 > height + 1):
            text = f"{where} lies outside the {width} x {height} image: {x1:g}, {y1:g}, {x2:g}, {y2:g}"
            yield Finding("error", "box-outside", (name,), text)
        if max(x2 - x1, y2 - y1) > SLIVER_RATIO * min(x2 - x1, y2 - y1):
            yield Finding("warning", "box-sliver", (name,), f"{where} is a sliver of {x2 - x1:.1f} x {y2 - y1:.1f}")
    yield from _repeated_boxes(name, sound)


def _repeated_boxes(name: str, shapes: Sequence[Shape]) -> Iterator[Finding]:
    """Boxes of one class whose corners are all within a pixel."""
    seen: dict[tuple[str, tuple[int, ...]], Shape] = {}
    for shape in shapes:
        if shape.kind == "box":
            key = shape.label, tuple(np.rint(shape.box_xyxy).astype(int).tolist())
            if seen.setdefault(key, shape) is not shape:
                yield Finding(
                    "error", "box-duplicate", (name,), f"{name}, {shape.place or 'box'} '{shape.label}' comes twice"
                )


def _labels(listed: Sequence[ListedImage]) -> Iterator[Finding]:
    where: dict[str, list[str]] = defaultdict(list)
    for one in listed:
        for label in one.labels():
            where[label].append(one.record.name)
    for label, files in where.items():
        normal = label.strip().casefold().replace(" ", "_").replace("-", "_")
        if normal in _KNOWN_LABELS:
            continue
        near = get_close_matches(normal, _KNOWN_LABELS, n=1, cutoff=_TYPO_LIKENESS)
        text = f"the label '{label}' of {len(files)} image(s) or box(es) is not in the taxonomy"
        hint = f"; did you mean '{near[0]}'?" if near else ""
        yield Finding(
            "error" if near else "warning", "label-typo" if near else "label-unknown", (files[0],), text + hint
        )
