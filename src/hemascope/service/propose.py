"""Fields to labelme files that the models filled in, for a person to correct."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hemascope.core.detections import Detections
from hemascope.data.annotations.record import PROPOSED_FLAG, Shape
from hemascope.errors import InputError, OutputError, output_errors
from hemascope.hematology.taxonomy import DETECTION_CLASSES, TAXONOMY
from hemascope.imaging.decode import ImageSource
from hemascope.inference.detector import Detector, DetectorInput
from hemascope.inference.pipeline import NUCLEATED, FieldFindings
from hemascope.service.analyse import FieldPipeline
from hemascope.service.file_names import shown_path
from hemascope.service.inputs import InputFile, Inputs
from hemascope.service.output_folder import write_whole
from hemascope.service.problems import InputProblem
from hemascope.service.proposals import DETECTED_AS, is_as_proposed, proposal_text
from hemascope.service.read_ahead import ImageReader
from hemascope.service.recording import UNIDENTIFIED

_GUESSES = 2  # classes named in the description


class Proposer(Protocol):
    """What may stand in one field; `prepare` is called in another thread, as in `FieldPipeline`."""

    def prepare(self, source: ImageSource) -> DetectorInput | None: ...

    def propose(self, source: ImageSource, prepared: DetectorInput | None) -> tuple[Shape, ...]: ...


class BoxProposer:
    """Boxes named `wbc`, `red_cell` or `platelet`, or the first of them only."""

    def __init__(self, detector: Detector, *, nucleated_only: bool = False) -> None:
        self._detector = detector
        self._is_wanted = [name in NUCLEATED or not nucleated_only for name in detector.classes]

    def prepare(self, source: ImageSource) -> DetectorInput | None:
        return self._detector.prepare(source)

    def propose(self, source: ImageSource, prepared: DetectorInput | None) -> tuple[Shape, ...]:
        found = self._detector.detect(source, prepared)
        wanted = (i for i, class_id in enumerate(found.class_ids) if self._is_wanted[class_id])
        return tuple(_box(found, i, self._detector.classes) for i in wanted)


class CellProposer:
    """Boxes whose nucleated cells carry the class, `unidentified` where the classifier withholds it."""

    def __init__(self, pipeline: FieldPipeline, *, nucleated_only: bool = False) -> None:
        self._pipeline = pipeline
        self._nucleated_only = nucleated_only

    def prepare(self, source: ImageSource) -> DetectorInput | None:
        return self._pipeline.prepare(source)

    def propose(self, source: ImageSource, prepared: DetectorInput | None) -> tuple[Shape, ...]:
        findings = self._pipeline.run(source, prepared)
        found = findings.detections
        row_of = {int(detection): row for row, detection in enumerate(findings.nucleated_index)}
        return tuple(
            _cell(findings, i, row_of[i]) if i in row_of else _box(found, i, findings.detection_classes)
            for i in range(len(found))
            if i in row_of or not self._nucleated_only
        )


@dataclass(frozen=True, slots=True)
class ProposeOptions:
    models: tuple[str, ...]  # noted in each file
    update: bool = False  # propose again where nobody saved the file since


@dataclass(frozen=True, slots=True)
class ProposeOutcome:
    """`kept` are files that a person saved, or that are none of ours: they are as they were."""

    files: int
    boxes: int
    kept: tuple[Path, ...]
    problems: tuple[InputProblem, ...]


def propose(
    inputs: Inputs,
    folder: Path,
    proposer: Proposer,
    options: ProposeOptions,
    on_file: Callable[[InputFile], None] = lambda _file: None,
) -> ProposeOutcome:
    """Writes one labelme file a field to `folder`, named as its image where no two share a name.

    A file that exists is an error before any work; with `update` it is made again while it is as proposed, else kept.
    An image that cannot be used becomes a problem. Raises OutputError.
    """
    targets = _targets(inputs, folder)
    kept = _kept(targets, folder, update=options.update)
    todo = [file for file in inputs.files if targets[file] not in kept]
    problems = list(inputs.problems)
    boxes = written = 0
    with ImageReader([file.path for file in todo], proposer.prepare) as reader:
        for file in todo:
            try:
                with reader.next_image() as image:
                    size = image.source.width, image.source.height
                    shapes = proposer.propose(image.source, image.prepared)
            except InputError as error:
                problems.append(InputProblem.from_error(file.shown, error))
            else:
                if _write(targets[file], proposal_text(file.path, size, shapes, targets[file], options.models)):
                    written, boxes = written + 1, boxes + len(shapes)
                else:
                    kept.append(targets[file])
            on_file(file)
    return ProposeOutcome(written, boxes, tuple(kept), tuple(problems))


def _kept(targets: dict[InputFile, Path], folder: Path, *, update: bool) -> list[Path]:
    """Makes `folder`; the files in it that must stay as they are. Raises OutputError for any file without `update`."""
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        existing = [target for target in targets.values() if target.exists()]
        if existing and not update:
            raise OutputError(
                f"'{shown_path(folder)}' already holds {len(existing)} of the files, '{shown_path(existing[0].name)}' "
                "first; choose another --out, or add --update to propose again where nobody saved the file since"
            )
        return [target for target in existing if not is_as_proposed(target)]


def _write(target: Path, text: str) -> bool:
    """False where a person saved the file while the models were at work."""
    with output_errors(target):
        if target.exists() and not is_as_proposed(target):
            return False
        write_whole(target, text)
        return True


def _targets(inputs: Inputs, folder: Path) -> dict[InputFile, Path]:
    """labelme looks for the image's own name; where two images share one, their unique stems serve."""
    times = Counter(file.path.stem.casefold() for file in inputs.files)
    is_unique = all(count == 1 for count in times.values())
    return {file: folder / f"{file.path.stem if is_unique else file.stem}.json" for file in inputs.files}


def _box(found: Detections, i: int, classes: tuple[str, ...]) -> Shape:
    name = classes[found.class_ids[i]]
    label = name if name in TAXONOMY else DETECTION_CLASSES[name].parent or name  # rbc is the taxonomy's red_cell
    return _shape(found, i, name, label)


def _cell(findings: FieldFindings, i: int, row: int) -> Shape:
    cells, found = findings.cells, findings.detections
    best = (-cells.probabilities[row]).argsort(kind="stable")[:_GUESSES]
    guesses = ", ".join(f"{cells.classes[k]} {cells.probabilities[row, k]:.2f}" for k in best)
    label = UNIDENTIFIED if cells.unidentified[row] else cells.classes[best[0]]
    name = findings.detection_classes[found.class_ids[i]]
    return _shape(found, i, name, label, f"score {found.scores[i]:.3f}; {guesses}")


def _shape(found: Detections, i: int, name: str, label: str, description: str = "") -> Shape:
    x1, y1, x2, y2 = (round(float(value), 2) for value in found.boxes_xyxy[i])
    return Shape(
        label,
        ((x1, y1), (x2, y2)),
        score=round(float(found.scores[i]), 4),
        description=description,
        flags={PROPOSED_FLAG: True},
        other={DETECTED_AS: name},
    )
