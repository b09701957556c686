"""Reads the settings of a classification bundle off its dataset again, as export does, without its training run.

OMP_NUM_THREADS=1 python tools/refit_classifier.py --bundle FOLDER --identity configs/bundles/NAME.yaml \
    --recipe configs/NAME.yaml --data PATH/pbc --boxes BOXES.json

Rewrites `manifest.json`, `features.npz` and `MODEL_CARD.md` in place; the network stays as it is. The reader is pbc.
`--zoom`, `--context` and `--views` change how a cell is shown to it; version and data are those of the identity.
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path

from hemascope.core.manifest import ClassificationSettings
from hemascope.data.detected_boxes import with_detected_boxes
from hemascope.data.protocol import CellParts
from hemascope.data.readers import read_cells
from hemascope.evaluation.classification import evaluate_classifier
from hemascope.evaluation.thresholds import DEFAULT_TOLERANCE
from hemascope.export.card import load_identity, render_card
from hemascope.export.classifier_settings import figures_of, fit_settings, judge
from hemascope.export.known_cells import known_features, other_laboratories
from hemascope.inference.bundle import MANIFEST_FILE, load_bundle
from hemascope.inference.classifier import Classifier
from hemascope.inference.feature_file import FEATURE_FILE, feature_bytes
from hemascope.training.recipe import ClassificationRecipe, load_recipe

DETECTED = ("accuracy", "accuracy_coarse", "macro_f1", "identified_share")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("bundle", "identity", "recipe", "data"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--boxes", type=Path, help="output of 'hemascope detect' over the same images")
    parser.add_argument("--zoom", type=float, help="central part of a ready-made crop file")
    parser.add_argument("--context", type=float, help="side of the crop relative to the box")
    parser.add_argument("--views", type=int, help="turns and mirrors of a crop")
    parser.add_argument("--class-error", type=float, default=DEFAULT_TOLERANCE.by_class)
    arguments = parser.parse_args()
    bundle = load_bundle(arguments.bundle)
    old = bundle.manifest.classification
    assert old is not None
    tolerated = replace(DEFAULT_TOLERANCE, by_class=arguments.class_error)
    plain = ClassificationSettings(
        crop_context=arguments.context or old.crop_context,
        whole_image_zoom=arguments.zoom or old.whole_image_zoom,
        views=arguments.views or old.views,
    )
    plain_manifest = bundle.manifest.model_copy(update={"classification": plain})
    classifier = Classifier(replace(bundle, manifest=plain_manifest), threads=1)
    recipe = load_recipe(arguments.recipe)
    assert isinstance(recipe, ClassificationRecipe)
    parts = CellParts(*(read_cells("pbc", arguments.data, split) for split in ("train", "val")))
    learned = evaluate_classifier(classifier, parts.train, lambda *_: None)
    other = other_laboratories(classifier, parts, recipe, arguments.data, arguments.boxes)
    known = known_features(learned, other)
    assert known is not None  # PBC has cells of all classes
    cells = parts.val
    measured = evaluate_classifier(classifier, cells, lambda *_: None)
    boxed = None if arguments.boxes is None else with_detected_boxes(cells, arguments.boxes)
    detected = None if boxed is None else evaluate_classifier(classifier, boxed, lambda *_: None)
    elsewhere = None if other is None else other.check_features
    served = judge(measured, fit_settings(measured, known, tolerated, detected, elsewhere), known)
    figures = figures_of(served, tolerated)
    if detected is not None:
        boxed_figures = judge(detected, served.settings, known).headline()
        figures |= {f"{name}_detected_crops": boxed_figures[name] for name in DETECTED}
    identity = load_identity(arguments.identity)
    update = {
        "version": identity.version,
        "classification": served.settings,
        "metrics": {name: round(value, 4) for name, value in figures.items() if not math.isnan(value)},
    }
    manifest = bundle.manifest.model_copy(update=update)
    (bundle.folder / FEATURE_FILE).write_bytes(feature_bytes(known))
    text = manifest.model_dump_json(by_alias=True, indent=2, exclude_none=True)
    (bundle.folder / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
    card = render_card(identity, manifest, f"pbc, val ({len(cells.samples)} images)")
    (bundle.folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
