from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import logsumexp, softmax

from builders import CLASSIFIER_CLASSES, class_colour, tiny_bundle
from hemascope.core.manifest import ClassificationSettings
from hemascope.errors import BundleError
from hemascope.imaging.resize import RgbArray
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import ClassifiedCells, Classifier


def make_classifier(folder: Path, batch_size: int = 4, **settings: Any) -> Classifier:
    changes = {"classification": {"crop_context": 1.5} | settings}
    return Classifier(load_bundle(tiny_bundle(folder, "classification", **changes)), batch_size=batch_size)


def plain(colour: tuple[int, int, int], side: int = 30) -> RgbArray:
    return np.full((side, side, 3), colour, np.uint8)


def test_classifier_names_the_class_of_each_crop_whatever_its_size(tmp_path: Path) -> None:
    classifier = make_classifier(tmp_path)
    cells = classifier.classify([plain(class_colour(i), side=20 + 13 * i) for i in range(11)])
    assert cells.best == list(CLASSIFIER_CLASSES)
    assert cells.probabilities.shape == (11, 11)
    np.testing.assert_allclose(cells.probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 8, 9])
def test_classifier_gives_one_row_a_crop_whatever_the_batches(tmp_path: Path, count: int) -> None:
    cells = make_classifier(tmp_path).classify([plain(class_colour(i % 11)) for i in range(count)])
    assert len(cells) == count
    assert cells.best == [CLASSIFIER_CLASSES[i % 11] for i in range(count)]


def test_classifier_takes_no_more_crops_than_a_batch_before_it_answers(tmp_path: Path) -> None:
    taken = 0

    def crops() -> Iterator[RgbArray]:
        nonlocal taken
        while True:
            taken += 1
            yield plain(class_colour(0))

    first = next(make_classifier(tmp_path, batch_size=3).classify_batches(crops()))
    assert (len(first), taken) == (3, 3)


def test_classifier_withholds_the_class_when_the_best_two_are_equally_likely(tmp_path: Path) -> None:
    between = plain((80, 40, 40))  # half way from class 0 to class 1
    cells = make_classifier(tmp_path, min_probability=0.8).classify([between, plain(class_colour(1))])
    assert cells.unidentified.tolist() == [True, False]
    assert cells.best[0] in CLASSIFIER_CLASSES[:2]


def test_classifier_withholds_the_class_when_a_crop_is_like_no_class(tmp_path: Path) -> None:
    strange = plain((250, 40, 250))
    confident = make_classifier(tmp_path / "a").classify([strange])
    assert confident.unidentified.tolist() == [False]
    cells = make_classifier(tmp_path / "b", min_logsumexp=-1.0).classify([strange, plain(class_colour(3))])
    assert cells.unidentified.tolist() == [True, False]


def test_classifier_refuses_when_the_bundle_detects(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="expected a classification bundle"):
        Classifier(load_bundle(tiny_bundle(tmp_path, "detection")))


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.just(3)), elements=st.floats(-500, 500, width=32)),
    st.floats(0.2, 5),
)
def test_classified_cells_are_softmax_with_temperature_without_overflow(logits: np.ndarray, temperature: float) -> None:
    settings = ClassificationSettings(crop_context=1, temperature=temperature)
    cells = ClassifiedCells.from_logits(logits, settings, ("a", "b", "c"))
    np.testing.assert_allclose(cells.probabilities, softmax(logits / temperature, axis=1), atol=1e-4)
    np.testing.assert_allclose(cells.logsumexp, logsumexp(logits, axis=1), rtol=1e-4, atol=1e-4)


def test_classified_cells_refuse_when_their_parts_do_not_fit() -> None:
    with pytest.raises(ValueError, match="must be"):
        ClassifiedCells(np.zeros((2, 3), np.float32), np.zeros(2, np.float32), np.zeros(2, bool), ("a", "b"))
