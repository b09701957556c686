"""Images to one document of boxes."""

from collections.abc import Callable

from hemascope.errors import InputError
from hemascope.inference.detector import Detector, DetectorInput
from hemascope.service.documents import DetectedImage, DetectionsDocument
from hemascope.service.inputs import InputFile, Inputs
from hemascope.service.problems import InputProblem
from hemascope.service.read_ahead import ImageReader
from hemascope.service.summary import ModelIdentity


def detect_images(inputs: Inputs, detector: Detector, on_file: Callable[[InputFile], None]) -> DetectionsDocument:
    """An image that cannot be used becomes a problem of the document; `on_file` is called after each."""
    images: list[DetectedImage] = []
    problems = list(inputs.problems)
    with ImageReader([file.path for file in inputs.files], detector.prepare) as reader:
        for file in inputs.files:
            try:
                images.append(_detect_next(file, reader, detector))
            except InputError as error:
                problems.append(InputProblem.from_error(file.shown, error))
            on_file(file)
    model = ModelIdentity.from_manifest(detector.manifest)
    return DetectionsDocument(model=model, images=tuple(images), problems=tuple(problems))


def _detect_next(file: InputFile, reader: ImageReader[DetectorInput | None], detector: Detector) -> DetectedImage:
    with reader.next_image() as image:
        source = image.source
        found = detector.detect(source, image.prepared)
        return DetectedImage.from_detections(file.shown, source.width, source.height, found, detector.manifest)
