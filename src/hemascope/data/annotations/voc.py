"""Pascal VOC: one XML file an image. http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf

Coordinates are taken and written as they stand, with fractions, as today's tools do; the first VOC counted pixels
from 1.
"""

import xml.etree.ElementTree as ET
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Final

from hemascope.data.annotations.document import clean_label, files_below, read_document
from hemascope.data.annotations.record import AnnotatedImage, Shape
from hemascope.data.annotations.reference import dataset_name, is_absolute_reference, resolve_reference
from hemascope.data.annotations.target import Target, with_extension
from hemascope.errors import DatasetError

VOC_SHAPE_KEYS: Final = frozenset({"pose", "occluded"})
_MAX_BYTES = 16 * 1024**2
_IMAGE_FOLDERS = ("JPEGImages", "images")
_UNSPECIFIED = "Unspecified"


class _NoDoctype(ET.TreeBuilder):
    """A document type can define entities that grow to any size when they are read; annotations never need one."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise ValueError("a DOCTYPE is not accepted in annotations; remove it")


def read_voc(root: Path) -> Generator[AnnotatedImage, None, None]:
    """Every `*.xml` in and below a folder in the order of their paths, or one file; raises DatasetError."""
    if root.is_file():
        yield read_voc_file(root)
        return
    for path in files_below(root, "*.xml"):
        record = read_voc_file(path)
        parts = path.relative_to(root).parent.parts
        folder = Path(*(parts[1:] if parts[:1] == ("Annotations",) else parts))
        yield replace(record, name=(folder / record.name).as_posix())


def read_voc_file(path: Path) -> AnnotatedImage:
    """The annotations of one image, which is looked for beside the file, then in ../JPEGImages and ../images.

    Raises DatasetError naming the element that is missing or wrong.
    """
    root = _parse(path)
    if root.tag != "annotation":
        raise DatasetError(f"{path}: the outermost element is <{root.tag}>; expected <annotation> of Pascal VOC")
    file_name = _text(root, "filename") or _text(root, "path")
    try:
        name = f"{path.stem}{Path(dataset_name(file_name)).suffix}"
    except ValueError as error:
        raise DatasetError(f"{path}: <filename> names no image; add <filename>image.jpg</filename>") from error
    reference = _text(root, "path") or file_name
    objects = root.findall("object")
    return AnnotatedImage(
        image=_find_image(path, file_name, _text(root, "path")),
        name=name,
        width=_size(path, root, "width"),
        height=_size(path, root, "height"),
        shapes=tuple(_to_shape(path, element, number) for number, element in enumerate(objects, start=1)),
        is_absolute=is_absolute_reference(reference) and resolve_reference(reference, path.parent).exists(),
        origin=str(path),
    )


class VocWriter:
    """`Annotations/<name>.xml` for every image; images that are copied or linked go to `JPEGImages`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        (target.folder / "Annotations").mkdir()

    def add(self, record: AnnotatedImage) -> None:
        record = self._target.place(record, f"JPEGImages/{record.name}")
        file = f"Annotations/{with_extension(record.name, '.xml')}"
        reference = self._target.reference(record, str(Path(file).parent))
        root = _to_element(record, reference)
        ET.indent(root)
        text = ET.tostring(root, encoding="unicode")
        with self._target.create(file, record) as stream:
            stream.write(f"{text}\n")

    def close(self) -> None:
        """Nothing is left to write."""


def _parse(path: Path) -> ET.Element:
    data = read_document(path, _MAX_BYTES)
    try:
        return ET.fromstring(data, ET.XMLParser(target=_NoDoctype()))
    except ET.ParseError as error:
        line, column = error.position
        raise DatasetError(f"{path}, line {line}, column {column}: no valid XML ({error}); correct it") from error
    except (ValueError, LookupError) as error:  # also an encoding that is not known
        raise DatasetError(f"{path}: {error}") from error


def _find_image(path: Path, file_name: str, full_path: str) -> Path:
    """`<path>` often comes from another machine, so it counts only where it leads to a file."""
    folders = [path.parent]
    for above in path.parents:
        if above.name == "Annotations":
            folders += [above.parent / name / path.parent.relative_to(above) for name in _IMAGE_FOLDERS]
            break
    candidates = [resolve_reference(full_path, path.parent)] if full_path else []
    candidates += [resolve_reference(file_name, folder) for folder in folders]
    expected = candidates[0] if full_path and not is_absolute_reference(full_path) else candidates[-len(folders)]
    return next((candidate for candidate in candidates if candidate.is_file()), expected)


def _size(path: Path, root: ET.Element, key: str) -> int | None:
    text = _text(root, f"size/{key}")
    try:
        return int(float(text)) or None if text else None  # some tools write 0 for "not known"
    except (ValueError, OverflowError) as error:
        raise DatasetError(f"{path}: <size><{key}> is {text[:40]!r}; expected pixels") from error


def _to_shape(path: Path, element: ET.Element, number: int) -> Shape:
    place = f"object {number}"
    try:
        label = clean_label(_text(element, "name"))
    except ValueError as error:
        raise DatasetError(f"{path}: {place}: <name>: {error}") from error
    x1, y1, x2, y2 = (_coordinate(path, element, place, key) for key in ("xmin", "ymin", "xmax", "ymax"))
    pose, occluded = _text(element, "pose"), _text(element, "occluded")
    return Shape(
        label=label,
        points=((x1, y1), (x2, y2)),
        is_difficult=_is_set(path, element, place, "difficult"),
        is_truncated=_is_set(path, element, place, "truncated"),
        other=({"pose": pose} if pose not in ("", _UNSPECIFIED) else {})
        | ({"occluded": occluded} if occluded not in ("", "0") else {}),
        place=place,
    )


def _coordinate(path: Path, element: ET.Element, place: str, key: str) -> float:
    text = _text(element, f"bndbox/{key}")
    try:
        return float(text)
    except ValueError as error:
        found = repr(text[:40]) if text else "missing"
        raise DatasetError(f"{path}: {place}: <bndbox><{key}> is {found}; expected a number of pixels") from error


def _is_set(path: Path, element: ET.Element, place: str, key: str) -> bool:
    text = _text(element, key)
    if text not in ("", "0", "1"):
        raise DatasetError(f"{path}: {place}: <{key}> is {text[:40]!r}; expected 0 or 1")
    return text == "1"


def _text(element: ET.Element, key: str) -> str:
    return (element.findtext(key) or "").strip()


def _to_element(record: AnnotatedImage, reference: str) -> ET.Element:
    root = ET.Element("annotation")
    for key, text in (("folder", Path(reference).parent.name), ("filename", Path(reference).name), ("path", reference)):
        ET.SubElement(root, key).text = text
    if record.width and record.height:
        size = ET.SubElement(root, "size")
        for key, value in (("width", record.width), ("height", record.height), ("depth", 3)):
            ET.SubElement(size, key).text = str(value)
    ET.SubElement(root, "segmented").text = "0"
    for shape in record.shapes:
        element = ET.SubElement(root, "object")
        ET.SubElement(element, "name").text = shape.label
        ET.SubElement(element, "pose").text = str(shape.other.get("pose", _UNSPECIFIED))
        ET.SubElement(element, "truncated").text = str(int(shape.is_truncated))
        ET.SubElement(element, "difficult").text = str(int(shape.is_difficult))
        if "occluded" in shape.other:
            ET.SubElement(element, "occluded").text = str(shape.other["occluded"])
        box = ET.SubElement(element, "bndbox")
        for key, pixels in zip(("xmin", "ymin", "xmax", "ymax"), shape.box_xyxy, strict=True):
            ET.SubElement(box, key).text = _number(pixels)
    return root


def _number(pixels: float) -> str:
    return str(int(pixels)) if float(pixels).is_integer() else repr(float(pixels))
