"""docs/how-to/own-model.md from its first command to its last, on painted smears and with a tiny classifier.

This is also the test of the whole circle: propose, correct, export, fine-tune, export, compare, promote.
"""

import csv
import json
import re
import shlex
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import hemascope
from hemascope.core.boxes import iou_xyxy
from hemascope.service import registry
from hemascope.service.review import FileEdit, ReviewFolder, ShapeEdit, ShownFile
from torch_half.test_commands import call

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "own-model.md"
FIELDS, TAUGHT = 44, 38
FASTER = {  # the page's command goes on with these here
    "annotate rank": ("--budget", str(TAUGHT)),
    "train": ("--epochs", "36", "--lr", "0.01"),
    "models compare": ("--min-cells", "10"),
}
Truth = dict[str, list[tuple[str, list[float]]]]


def commands(page: str) -> list[list[str]]:
    """Every line of the page that a reader types, in order."""
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return [shlex.split(line[2:]) for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def read_truth(folder: Path) -> Truth:
    """Nucleated cells of each painted field: class and box."""
    truth: Truth = defaultdict(list)
    with (folder / "truth.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row["class"] not in ("red_cell", "platelet", "giant_platelet", "artefact"):
                truth[row["file"]].append((row["class"], [float(row[side]) for side in ("x1", "y1", "x2", "y2")]))
    return truth


def corrected(shown: ShownFile, cells: list[tuple[str, list[float]]]) -> FileEdit:
    """What a person who knows the truth does: relabel, delete what is no cell, draw what was missed."""
    boxes = np.array([box for _, box in cells], np.float32).reshape(-1, 4)
    found = np.array([shape.box_xyxy for shape in shown.shapes], np.float32).reshape(-1, 4)
    overlap = iou_xyxy(boxes, found)
    edits = []
    for number, (label, box) in enumerate(cells):
        best = int(overlap[number].argmax()) if len(shown.shapes) else -1
        is_found = best >= 0 and overlap[number, best] > 0.4 and overlap[:, best].argmax() == number
        own = shown.shapes[best].id if is_found else f"new-{number}"
        edits.append(
            ShapeEdit(id=own, label=label, is_proposed=False, box_xyxy=None if is_found else tuple(box))  # type: ignore[arg-type]
        )
    return FileEdit(shapes=tuple(edits), is_confirmed=True)


def correct(labels: Path, truth: Truth, count: int) -> None:
    review = ReviewFolder(labels)
    for number in range(count):
        shown = review.open(number)
        review.save(number, corrected(shown, truth[f"{Path(shown.name).stem}.jpg"]), shown.version)


@pytest.fixture
def workplace(tmp_path: Path, classifier_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the page with painted fields; the shipped classifier is a tiny one that has seen discs only."""
    shipped = tmp_path / "shipped"
    shutil.copytree(Path(hemascope.__file__).parent / "bundles" / "detector-light", shipped / "detector-light")
    shutil.copytree(classifier_bundle, shipped / "classifier-light")
    monkeypatch.setattr(registry, "_SHIPPED_FOLDER", shipped)
    folder = tmp_path / "work"
    (folder / "models").mkdir(parents=True)
    for name, count, seed in (("fields", FIELDS, 1), ("new-fields", 1, 2)):
        smear = ("--preset", "peripheral-blood-lymphoblastic", "--seed", str(seed))
        call("synth", "--out", folder / name, "--fields", str(count), *smear)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.timeout(900)  # three minutes on a busy core
def test_page_leads_from_unlabelled_fields_to_a_better_model_in_use(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    identity = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert identity is not None
    (workplace / "mine-1.yaml").write_text(identity[1])
    truth = read_truth(workplace / "fields")
    in_use = []
    for command in commands(page):
        if command[0] == "export":
            monkeypatch.setenv("HEMASCOPE_BUNDLES", str(workplace / "models"))
            continue
        assert command[0] == "hemascope"
        if command[1:3] == ["annotate", "review"]:
            correct(workplace / "labels", truth, TAUGHT)
            continue
        more = next((extra for start, extra in FASTER.items() if " ".join(command[1:]).startswith(start)), ())
        said = call(*command[1:], *more)
        if command[1:3] == ["models", "compare"]:
            assert "mine-1 1.0.0 may replace" in said
        if command[1] in ("models", "analyze"):
            in_use.append(registry.find_bundle(None, "classification").name)
    assert in_use == ["classifier-light", "mine-1", "mine-1", "mine-1", "classifier-light"]
    gate = json.loads((workplace / "mine-1.json").read_text())
    old, new = gate["figures"]["accuracy"]
    assert new > old + 0.3
    assert sum(row["new"] > 0 for row in gate["classes"]) >= 2  # more than the most frequent class alone
    summary = json.loads((workplace / "report" / "summary.json").read_text())
    assert [model["name"] for model in summary["models"]] == ["detector-light", "mine-1"]
