"""Images to one document of boxes."""

from collections.abc import Callable

from hemascope.errors import InputError
from hemascope.imaging.decode import open_image
from hemascope.inference.detector import Detector
from hemascope.service.documents import DetectedImage, DetectionsDocument
from hemascope.service.inputs import InputFile, Inputs
from hemascope.service.problems import InputProblem
from hemascope.service.summary import ModelIdentity


def detect_images(inputs: Inputs, detector: Detector, on_file: Callable[[InputFile], None]) -> DetectionsDocument:
    """An image that cannot be used becomes a problem of the document; `on_file` is called after each."""
    images: list[DetectedImage] = []
    problems = list(inputs.problems)
    for file in inputs.files:
        try:
            with open_image(file.path) as source:
                found = detector.detect(source)
                width, height = source.width, source.height
        except InputError as error:
            problems.append(InputProblem.from_error(file.shown, error))
        else:
            images.append(DetectedImage.from_detections(file.shown, width, height, found, detector.manifest))
        on_file(file)
    model = ModelIdentity.from_manifest(detector.manifest)
    return DetectionsDocument(model=model, images=tuple(images), problems=tuple(problems))
