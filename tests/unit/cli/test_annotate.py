import csv
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from hemascope.service.review_server import ReviewServer
from unit.cli.conftest import Command, paint_crop, paint_smear

TINY = ("--detector", "tiny-detection", "--nucleated-only")


@pytest.fixture
def proposed(hemascope: Command, bundles: Path, tmp_path: Path) -> Path:
    """Two fields of two white cells each, boxes and classes proposed."""
    for name in ("a", "b"):
        paint_smear(tmp_path / "fields" / f"{name}.png")
    arguments = ("--classify", "--classifier", "tiny-classification")
    outcome = hemascope("annotate", "propose", tmp_path / "fields", "--out", tmp_path / "out", *TINY, *arguments)
    assert outcome == (0, f"2 files with 4 proposed boxes: {tmp_path / 'out'}\n", "")
    return tmp_path / "out"


def test_propose_writes_a_file_a_field(proposed: Path) -> None:
    document = json.loads((proposed / "a.json").read_text())
    assert document["imagePath"] == "../fields/a.png"
    assert [model.split()[0] for model in document["hemascope"]["models"]] == ["tiny-detection", "tiny-classification"]


def test_propose_without_classes_names_boxes_wbc(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    paint_smear(tmp_path / "a.png")
    assert hemascope("annotate", "propose", tmp_path / "a.png", "--out", tmp_path / "out", *TINY).code == 0
    shapes = json.loads((tmp_path / "out" / "a.json").read_text())["shapes"]
    assert [shape["label"] for shape in shapes] == ["wbc", "wbc"]


def test_score_threshold_leaves_out_weak_boxes(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    paint_smear(tmp_path / "a.png")
    propose = ("annotate", "propose", tmp_path / "a.png", *TINY)
    every = hemascope(*propose, "--out", tmp_path / "every", "--score-threshold", "0.01")
    strong = hemascope(*propose, "--out", tmp_path / "strong", "--score-threshold", "0.5")
    assert strong.out.startswith("1 files with 2 proposed boxes")
    assert int(every.out.split()[3]) > 2


def test_second_run_needs_update_and_then_keeps_what_was_saved(
    hemascope: Command, proposed: Path, tmp_path: Path
) -> None:
    propose = ("annotate", "propose", tmp_path / "fields", "--out", proposed, *TINY)
    refused = hemascope(*propose)
    assert (refused.code, "--update" in refused.err) == (2, True)
    (proposed / "a.json").write_text((proposed / "a.json").read_text().replace('"proposed": true', '"proposed": false'))
    outcome = hemascope(*propose, "--update")
    assert outcome.code == 0
    assert outcome.err == f"kept: {proposed / 'a.json'}: somebody saved it since it was proposed\n"
    assert outcome.out.startswith("1 files with 2 proposed boxes")


def test_unreadable_field_is_named_and_nothing_usable_ends_with_2(
    hemascope: Command, bundles: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.png").touch()
    outcome = hemascope("annotate", "propose", tmp_path / "a.png", "--out", tmp_path / "out", *TINY)
    assert outcome.code == 2
    assert "a.png" in outcome.err


def test_classifier_without_classify_is_wrong_use(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    outcome = hemascope(
        "annotate", "propose", "a.png", "--out", tmp_path / "out", "--classifier", "tiny-classification"
    )
    assert (outcome.code, "--classify" in outcome.err) == (2, True)


@pytest.mark.parametrize(("by", "level"), [("entropy", "field"), ("disagreement", "cell"), ("coreset", "field")])
def test_rank_prints_a_table(hemascope: Command, proposed: Path, by: str, level: str) -> None:
    options = ("--by", by, "--level", level, "--budget", "3", "--classifier", "tiny-classification")
    outcome = hemascope("annotate", "rank", proposed, *options)
    assert outcome.code == 0
    table = list(csv.DictReader(io.StringIO(outcome.out)))
    assert [row["rank"] for row in table] == (["1", "2"] if level == "field" else ["1", "2", "3"])
    assert "4 cells without a label, 0 confirmed" in outcome.err


def test_rank_writes_a_file_and_goes_on_after_a_broken_one(hemascope: Command, proposed: Path, tmp_path: Path) -> None:
    (tmp_path / "fields" / "b.png").unlink()
    table = tmp_path / "ranking.csv"
    options = ("--by", "entropy", "--budget", "5", "--out", table, "--classifier", "tiny-classification")
    outcome = hemascope("annotate", "rank", proposed, *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert "b.json" in outcome.err
    assert len(table.read_text().splitlines()) == 2


def test_rank_of_pictures_by_two_models(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    paint_crop(tmp_path / "cells" / "a.png", (40, 40, 40))
    options = ("--by", "disagreement", "--against", "tiny-classification", "--classifier", "tiny-classification")
    outcome = hemascope("annotate", "rank", tmp_path / "cells", "--level", "cell", "--budget", "1", *options)
    assert outcome.code == 0
    assert outcome.out.splitlines()[1].endswith(",0.000000")


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--by", "entropy", "--budget", "0"), "--budget"),
        (("--by", "guess", "--budget", "1"), "--by"),
        (("--by", "entropy", "--budget", "1", "--against", "tiny-classification"), "--by disagreement"),
        (("--by", "entropy", "--budget", "1", "--out", "missing/folder/r.csv"), "folder does not exist"),
    ],
)
def test_wrong_use_of_rank_is_explained(
    hemascope: Command, proposed: Path, options: tuple[str, ...], hint: str
) -> None:
    outcome = hemascope("annotate", "rank", proposed, *options)
    assert outcome.code == 2
    assert hint in outcome.err


def test_help_of_the_group_names_its_commands(hemascope: Command) -> None:
    outcome = hemascope("annotate", "--help")
    assert outcome.code == 0
    assert all(name in outcome.out for name in ("propose", "rank"))


@pytest.fixture
def interrupted_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C as soon as the page is served."""

    def interrupt(self: ReviewServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ReviewServer, "serve_forever", interrupt)


@pytest.mark.usefixtures("interrupted_server")
def test_review_prints_its_address_and_ends_quietly(hemascope: Command, proposed: Path) -> None:
    outcome = hemascope("annotate", "review", proposed, "--no-browser")
    assert outcome.code == 0
    assert re.fullmatch(r"2 files; open http://127\.0\.0\.1:\d+/[\w-]{32}/ \(Ctrl-C ends\)\n", outcome.out)


@pytest.mark.usefixtures("interrupted_server")
def test_review_opens_the_browser_and_takes_the_order_of_a_ranking(
    hemascope: Command, proposed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    options = (
        "--by",
        "entropy",
        "--budget",
        "2",
        "--out",
        tmp_path / "next.csv",
        "--classifier",
        "tiny-classification",
    )
    assert hemascope("annotate", "rank", proposed, *options).code == 0
    assert hemascope("annotate", "review", proposed, "--order", tmp_path / "next.csv").code == 0
    assert opened[0].startswith("http://127.0.0.1:")


def test_review_of_nothing_ends_with_2(hemascope: Command, tmp_path: Path) -> None:
    assert "holds no labelme file" in hemascope("annotate", "review", tmp_path).err


def test_export_refuses_proposals_and_writes_what_is_confirmed(
    hemascope: Command, proposed: Path, tmp_path: Path
) -> None:
    export = ("annotate", "export", proposed, "--out", tmp_path / "cells", "--as", "fields", "--by", "tester")
    refused = hemascope(*export)
    assert (refused.code, "--unconfirmed skip" in refused.err) == (2, True)
    with Image.open(tmp_path / "fields" / "b.png") as picture:
        picture.rotate(90).crop((0, 100, 400, 400)).save(tmp_path / "fields" / "b.png")  # no copy of the other
    outcome = hemascope(*export, "--unconfirmed", "include", "--fractions", "train=0.5,val=0.5")
    assert outcome.code == 0
    assert outcome.out.startswith(
        f"cells v1: 2 images (train 1, val 1): {tmp_path / 'cells' / 'v1'}\nplatelet 4; digest "
    )
