"""Single-cell pictures to one document of classes."""

from collections.abc import Callable, Iterator

from hemascope.errors import InputError
from hemascope.imaging.crop import centre_zoom
from hemascope.imaging.decode import open_image
from hemascope.imaging.resize import RgbArray
from hemascope.inference.classifier import Classifier
from hemascope.service.documents import ClassificationDocument, ClassifiedImage
from hemascope.service.inputs import InputFile, Inputs
from hemascope.service.problems import InputProblem
from hemascope.service.summary import ModelIdentity


def classify_crops(
    inputs: Inputs, classifier: Classifier, on_file: Callable[[InputFile], None]
) -> ClassificationDocument:
    """A picture that cannot be used becomes a problem of the document; `on_file` is called after each is read.

    The network sees the central part of a picture, as wide as its manifest says, for a ready-made crop shows more
    around the cell than the crops of a field.
    """
    problems = list(inputs.problems)
    read: list[str] = []  # files whose pixels the classifier took, in order

    def crops() -> Iterator[RgbArray]:
        for file in inputs.files:
            try:
                with open_image(file.path) as source:
                    rgb = source.read_region(0, 0, source.width, source.height)
                    crop = centre_zoom(rgb, classifier.settings.whole_image_zoom)
            except InputError as error:
                problems.append(InputProblem.from_error(file.shown, error))
            else:
                read.append(file.shown)
                yield crop
            on_file(file)

    images: list[ClassifiedImage] = []
    for cells in classifier.classify_batches(crops()):
        images += ClassifiedImage.from_cells(read[len(images) :][: len(cells)], cells, classifier.settings.conformal)
    model = ModelIdentity.from_manifest(classifier.manifest)
    return ClassificationDocument(model=model, images=tuple(images), problems=tuple(problems))
