import hashlib
import io
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
from hemascope.core.feature_distribution import FeatureDistribution
from hemascope.core.manifest import ClassificationSettings, ConformalSets, FeatureCheck
from hemascope.errors import BundleError, BundleHashMismatchError
from hemascope.imaging.resize import RgbArray
from hemascope.inference.bundle import load_bundle
from hemascope.inference.classifier import ALL_VIEWS, ClassifiedCells, Classifier, dihedral_views
from hemascope.inference.feature_file import FEATURE_FILE, feature_bytes


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


@pytest.mark.parametrize("has_distance", [False, True])
def test_rows_of_classified_cells_put_together_are_all_of_them(has_distance: bool) -> None:
    generator = np.random.default_rng(1)
    known = FeatureDistribution(np.zeros((2, 3), np.float32), np.eye(3, dtype=np.float32)) if has_distance else None
    check = FeatureCheck(file=FEATURE_FILE, sha256="0" * 64, max_distance=1.0) if has_distance else None
    logits = generator.normal(size=(1, 5, 2)).astype(np.float32)
    features = generator.normal(size=(1, 5, 3)).astype(np.float32)
    settings = ClassificationSettings(crop_context=1.2, feature_check=check)
    cells = ClassifiedCells.from_outputs(logits, features, settings, ("a", "b"), known)

    again = ClassifiedCells.concatenate([cells.rows(0, 2), cells.rows(2, 2), cells.rows(2, 5)], cells.classes)

    for name in ("probabilities", "logsumexp", "unidentified", "features", "distance"):
        np.testing.assert_array_equal(getattr(again, name), getattr(cells, name), name)


def test_class_has_its_own_threshold_where_the_manifest_names_one(tmp_path: Path) -> None:
    between = plain((82, 40, 40))  # a little nearer to class 1 than to class 0
    other = plain((40, 78, 40))  # between class 0 and class 3
    thresholds = {"class_thresholds": {CLASSIFIER_CLASSES[1]: 0.9}}
    cells = make_classifier(tmp_path, **thresholds).classify([between, plain(class_colour(1)), other])
    assert cells.best[:2] == [CLASSIFIER_CLASSES[1]] * 2
    assert cells.unidentified.tolist() == [True, False, False]


def test_sets_hold_each_class_that_its_quantile_lets_in() -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]], np.float32))
    cells = ClassifiedCells.from_logits(logits, ClassificationSettings(crop_context=1), ("a", "b", "c"))
    sets = ConformalSets(coverage=0.9, quantiles={"c": 1, "a": 0.5, "b": 0.7})
    assert cells.possible(sets).tolist() == [[True, False, True], [False, True, True]]


def test_views_are_the_eight_turns_and_mirrors() -> None:
    image = np.arange(27, dtype=np.float32).reshape(1, 3, 3, 3)
    views = list(dihedral_views(image))
    assert len({view.tobytes() for view in views}) == ALL_VIEWS == 8
    np.testing.assert_array_equal(views[0], image)
    again = {view.tobytes() for view in dihedral_views(views[5])}
    assert again == {view.tobytes() for view in views}


def test_temperature_is_that_of_the_mean_over_the_views() -> None:
    """As it was fitted: on the mean probabilities."""
    logits = np.random.default_rng(0).normal(0, 2, (4, 6, 3)).astype(np.float32)
    settings = ClassificationSettings(crop_context=1, temperature=0.7)
    cells = ClassifiedCells.from_outputs(logits, np.zeros((4, 6, 0), np.float32), settings, ("a", "b", "c"))
    mean = softmax(logits, axis=-1).mean(axis=0)
    np.testing.assert_allclose(cells.probabilities, softmax(np.log(mean) / 0.7, axis=-1), atol=1e-6)
    np.testing.assert_allclose(cells.logsumexp, logsumexp(logits, axis=-1).mean(axis=0), rtol=1e-5)


def test_classifier_with_all_views_gives_what_one_gives_where_no_turn_matters(tmp_path: Path) -> None:
    crops = [plain(class_colour(i)) for i in range(5)]  # the tiny network sees the mean colour only
    one = make_classifier(tmp_path).classify(crops)
    many = Classifier(load_bundle(tmp_path), views=ALL_VIEWS).classify(crops)
    np.testing.assert_allclose(many.probabilities, one.probabilities, atol=1e-5)


def bundle_with_features(folder: Path, max_distance: float, content: bytes | None = None) -> Path:
    """Features of the tiny network are the mean colour in 0..1; every class knows its own colour."""
    means = np.array([class_colour(i) for i in range(len(CLASSIFIER_CLASSES))], np.float32) / 255
    known = FeatureDistribution(means, 10 * np.eye(3, dtype=np.float32))
    content = feature_bytes(known) if content is None else content
    check = {"file": FEATURE_FILE, "sha256": hashlib.sha256(content).hexdigest(), "max_distance": max_distance}
    tiny_bundle(folder, "classification", classification={"crop_context": 1.5, "feature_check": check})
    (folder / FEATURE_FILE).write_bytes(content)
    return folder


@pytest.mark.parametrize("views", [1, ALL_VIEWS])
def test_classifier_withholds_the_class_when_the_features_are_far_from_all(tmp_path: Path, views: int) -> None:
    classifier = Classifier(load_bundle(bundle_with_features(tmp_path, 1.0)), views=views)
    cells = classifier.classify([plain((250, 40, 250)), plain(class_colour(2))])
    assert cells.unidentified.tolist() == [True, False]
    assert cells.distance is not None
    assert cells.distance[0] > 1
    assert cells.distance[1] == pytest.approx(0, abs=1e-3)
    assert classifier.classify([]).distance is None


def test_distance_is_that_of_the_mean_features_of_the_views() -> None:
    """The limit is read off mean features; single views lie farther from the classes."""
    known = FeatureDistribution(np.zeros((2, 3), np.float32), np.eye(3, dtype=np.float32))
    check = FeatureCheck(file=FEATURE_FILE, sha256="0" * 64, max_distance=1.0)
    settings = ClassificationSettings(crop_context=1.5, views=4, feature_check=check)
    features = np.array([[[3, 0, 0]], [[-3, 0, 0]], [[0, 3, 0]], [[0, -3, 0]]], np.float32)
    cells = ClassifiedCells.from_outputs(np.zeros((4, 1, 2), np.float32), features, settings, ("a", "b"), known)
    assert cells.distance is not None
    assert cells.distance[0] == pytest.approx(0, abs=1e-6)
    assert not cells.unidentified[0]


def test_bundle_is_refused_when_its_features_were_replaced(tmp_path: Path) -> None:
    bundle_with_features(tmp_path, 1.0)
    (tmp_path / FEATURE_FILE).write_bytes(b"other")
    with pytest.raises(BundleHashMismatchError, match=r"features\.npz has sha256"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no archive", None], ids=["empty", "no archive", "other arrays"])
def test_classifier_refuses_features_that_it_cannot_read(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        stream = io.BytesIO()
        np.savez(stream, means=np.zeros((2, 3)), other=np.eye(3))
        content = stream.getvalue()
    with pytest.raises(BundleError, match="does not describe features"):
        Classifier(load_bundle(bundle_with_features(tmp_path, 1.0, content)))


def test_feature_check_without_features_is_refused() -> None:
    check = FeatureCheck(file="f.npz", sha256="0" * 64, max_distance=1)
    settings = ClassificationSettings(crop_context=1, feature_check=check)
    with pytest.raises(ValueError, match="belong together"):
        ClassifiedCells.from_logits(np.zeros((2, 3), np.float32), settings, ("a", "b", "c"))


@pytest.mark.parametrize(("rows", "feature_rows"), [(2, 2), (3, 2)], ids=["classes", "features"])
def test_classified_cells_refuse_when_their_parts_do_not_fit(rows: int, feature_rows: int) -> None:
    classes = ("a", "b") if rows == 2 else ("a", "b", "c")
    with pytest.raises(ValueError, match="must be"):
        ClassifiedCells(
            np.zeros((rows, 3), np.float32), np.zeros(rows, np.float32), np.zeros(rows, bool), classes,
            np.zeros((feature_rows, 1), np.float32),
        )  # fmt: skip
