import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builders import CLASSIFIER_CLASSES, class_colour, paint_squares, tiny_bundle
from hemascope.data.annotations.record import Shape
from hemascope.errors import BundleError, InputNotFoundError
from hemascope.inference.bundle import load_bundle
from hemascope.service.cell_opinions import OpinionReader
from hemascope.service.proposals import proposal_text
from hemascope.service.rank import Ranking, RankOptions, align, rank

SURE = class_colour(0)
TORN = (80, 40, 40)  # between the first and the second class
LEANING = (70, 40, 40)
STRANGE_TORN = (40, 160, 40)  # between two others
Colour = tuple[int, int, int]
Rank = Callable[..., Ranking]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> OpinionReader:
    folder = tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny", "classification")
    return OpinionReader(load_bundle(folder), threads=1)


@pytest.fixture
def ranked(tmp_path: Path, reader: OpinionReader) -> Rank:
    def run(budget: int = 10, folder: Path = tmp_path / "out", **options: object) -> Ranking:
        return rank(folder, reader, RankOptions(**({"by": "entropy", "budget": budget} | options)))  # type: ignore[arg-type]

    return run


def write_field(
    folder: Path, name: str, colours: Sequence[Colour], *, label: str = "wbc", flags: dict[str, bool] | None = None
) -> Path:
    """A field with squares of 64 pixels and 16 around each, and its labelme file with a box around each centre."""
    (folder / "out").mkdir(exist_ok=True)
    cells = [(4 * i + x, y, colour) for i, colour in enumerate(colours) for x in range(3) for y in range(3)]
    Image.fromarray(paint_squares(128 * max(len(colours), 1), 96, cells)).save(folder / f"{name}.png")
    shapes = tuple(
        Shape(label, ((128.0 * i + 28, 28), (128 * i + 68, 68)), flags={"proposed": True} if flags is None else flags)
        for i in range(len(colours))
    )
    path = folder / "out" / f"{name}.json"
    path.write_text(proposal_text(folder / f"{name}.png", (128 * len(colours), 96), shapes, path, ("tiny",)))
    return path


def rows(ranking: Ranking) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ranking.table)))


def names(ranking: Ranking) -> list[str]:
    return [Path(row["file"]).stem for row in rows(ranking)]


def test_uncertain_cells_come_first_and_are_placed(tmp_path: Path, ranked: Rank) -> None:
    write_field(tmp_path, "a", [SURE, TORN])
    write_field(tmp_path, "b", [LEANING])
    found = rows(ranked(level="cell", spread=False))
    assert [(Path(row["file"]).stem, row["shape"]) for row in found] == [("a", "1"), ("b", "0"), ("a", "0")]
    assert [row["rank"] for row in found] == ["1", "2", "3"]
    assert [found[0][key] for key in ("x1", "y1", "x2", "y2")] == ["156.00", "28.00", "196.00", "68.00"]
    assert float(found[0]["score"]) == pytest.approx(np.log(2), abs=0.02)
    assert found[2]["class"] == CLASSIFIER_CLASSES[0]
    assert float(found[2]["probability"]) > 0.99


@pytest.mark.parametrize("by", ["entropy", "margin", "least-confidence"])
def test_field_counts_by_its_most_uncertain_cells(tmp_path: Path, ranked: Rank, by: str) -> None:
    write_field(tmp_path, "crowd", [SURE, SURE, SURE, SURE, LEANING])
    write_field(tmp_path, "one", [TORN])
    write_field(tmp_path, "three", [TORN, TORN, TORN])
    ranking = ranked(by=by, spread=False)
    assert names(ranking) == ["three", "one", "crowd"]
    assert [row["cells"] for row in rows(ranking)] == ["3", "1", "5"]


def test_near_copies_wait_while_others_are_uncertain(tmp_path: Path, ranked: Rank) -> None:
    for name in "abc":
        write_field(tmp_path, name, [TORN])
    write_field(tmp_path, "d", [STRANGE_TORN])
    write_field(tmp_path, "e", [LEANING])
    assert names(ranked(2, spread=False)) != ["a", "d"]
    assert names(ranked(2)) in (["a", "d"], ["d", "a"])


def test_confirmed_cells_are_not_ranked_and_what_resembles_them_waits(tmp_path: Path, ranked: Rank) -> None:
    write_field(tmp_path, "done", [TORN], label="monocyte", flags={})
    write_field(tmp_path, "similar", [TORN])
    write_field(tmp_path, "other", [STRANGE_TORN])
    ranking = ranked()
    assert names(ranking) == ["other", "similar"]
    assert sum(ranking.seen.is_labelled) == 1


def test_confirmed_file_is_done(tmp_path: Path, ranked: Rank) -> None:
    done = write_field(tmp_path, "a", [TORN])
    write_field(tmp_path, "b", [LEANING])
    document = json.loads(done.read_text())
    document["flags"]["confirmed"] = True
    done.write_text(json.dumps(document))
    assert names(ranked()) == ["b"]


def test_coreset_picks_cells_that_differ_from_labelled_ones(tmp_path: Path, ranked: Rank) -> None:
    write_field(tmp_path, "done", [SURE], label="basophil", flags={})
    write_field(tmp_path, "same", [SURE])
    write_field(tmp_path, "far", [class_colour(6)])
    found = rows(ranked(by="coreset"))
    assert [Path(row["file"]).stem for row in found] == ["far", "same"]
    assert [row["score"] for row in found] == ["", ""]


@pytest.mark.parametrize("label", ["red_cell", "platelet"])
def test_red_cells_and_platelets_are_passed_over(tmp_path: Path, ranked: Rank, label: str) -> None:
    write_field(tmp_path, "a", [TORN], label=label)
    write_field(tmp_path, "b", [SURE])
    ranking = ranked()
    assert names(ranking) == ["b"]
    assert [Path(file).stem for file in ranking.seen.files_without_cells] == ["a"]


def test_white_cell_that_was_recognised_as_a_platelet_is_ranked(tmp_path: Path, ranked: Rank) -> None:
    path = write_field(tmp_path, "a", [TORN], label="platelet")
    document = json.loads(path.read_text())
    document["shapes"][0]["detected_as"] = "wbc"
    path.write_text(json.dumps(document))
    assert names(ranked()) == ["a"]


@pytest.mark.parametrize("budget", [1, 2, 9])
def test_no_more_than_the_budget_is_named(tmp_path: Path, ranked: Rank, budget: int) -> None:
    for name in "abc":
        write_field(tmp_path, name, [TORN])
    assert len(rows(ranked(budget))) == min(budget, 3)


def test_broken_files_are_problems_and_the_others_are_ranked(tmp_path: Path, ranked: Rank) -> None:
    write_field(tmp_path, "good", [TORN])
    write_field(tmp_path, "gone", [TORN])
    (tmp_path / "gone.png").unlink()
    (tmp_path / "out" / "notes.json").write_text("{")
    ranking = ranked()
    assert names(ranking) == ["good"]
    assert sorted(Path(problem.file).name for problem in ranking.seen.problems) == ["gone.json", "notes.json"]


def test_shape_without_area_in_the_image_is_passed_over(tmp_path: Path, ranked: Rank) -> None:
    path = write_field(tmp_path, "a", [TORN, TORN, TORN])
    document = json.loads(path.read_text())
    document["shapes"][0]["points"] = [[9000, 9000], [9040, 9040]]
    document["shapes"][1] |= {"shape_type": "point", "points": [[30, 30]]}
    path.write_text(json.dumps(document))
    assert [row["shape"] for row in rows(ranked(level="cell"))] == ["2"]


def test_folder_of_single_cell_pictures_is_ranked_by_cell(tmp_path: Path, ranked: Rank) -> None:
    for name, colour in {"sure": SURE, "torn": TORN}.items():
        Image.fromarray(np.full((64, 64, 3), colour, np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_bytes(b"x")
    ranking = ranked(folder=tmp_path, level="cell")
    assert names(ranking) == ["torn", "sure"]
    assert rows(ranking)[0]["shape"] == rows(ranking)[0]["x1"] == ""
    assert [Path(problem.file).name for problem in ranking.seen.problems] == ["broken.png"]


def test_fields_without_proposals_are_refused_with_the_way_out(tmp_path: Path, ranked: Rank) -> None:
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(InputNotFoundError, match="annotate propose"):
        ranked(folder=tmp_path)


def test_nothing_left_to_label_is_said(tmp_path: Path, ranked: Rank) -> None:
    write_field(tmp_path, "done", [TORN], flags={})
    with pytest.raises(InputNotFoundError, match="no unconfirmed cell"):
        ranked()


def test_missing_folder_is_named(tmp_path: Path, ranked: Rank) -> None:
    with pytest.raises(InputNotFoundError, match="nowhere"):
        ranked(folder=tmp_path / "nowhere", level="cell")


def test_turns_that_change_nothing_show_no_disagreement(tmp_path: Path, reader: OpinionReader) -> None:
    bundle = load_bundle(tiny_bundle(tmp_path / "tiny", "classification"))
    write_field(tmp_path, "a", [TORN])
    found = rank(tmp_path / "out", OpinionReader(bundle, threads=1, turns=4), RankOptions("disagreement", 1, "cell"))
    assert float(rows(found)[0]["score"]) == pytest.approx(0, abs=1e-6)


def test_two_bundles_disagree_where_their_classes_stand_elsewhere(tmp_path: Path, reader: OpinionReader) -> None:
    swapped = (CLASSIFIER_CLASSES[1], CLASSIFIER_CLASSES[0], *CLASSIFIER_CLASSES[2:])
    other = load_bundle(tiny_bundle(tmp_path / "swapped", "classification", classes=list(swapped)))
    write_field(tmp_path, "disputed", [SURE])
    write_field(tmp_path, "agreed", [class_colour(5)])
    options = RankOptions("disagreement", 2, "cell", spread=False)
    found = rows(rank(tmp_path / "out", reader, options, second=OpinionReader(other, threads=1)))
    assert [Path(row["file"]).stem for row in found] == ["disputed", "agreed"]
    assert [float(row["score"]) for row in found] == pytest.approx([np.log(2), 0], abs=0.01)


def test_bundles_of_other_classes_cannot_be_compared() -> None:
    with pytest.raises(BundleError, match="blast"):
        align(np.zeros((1, 2), np.float32), ("blast", "monocyte"), ("monocyte", "lymphocyte"))


def test_detection_bundle_has_no_opinion_on_classes(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="expected a classification bundle"):
        OpinionReader(load_bundle(tiny_bundle(tmp_path / "d", "detection")))


def test_name_that_a_spreadsheet_would_run_is_guarded(
    tmp_path: Path, ranked: Rank, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_field(tmp_path, "a", [TORN])
    path.rename(path.with_name("=1+1.json"))
    monkeypatch.chdir(tmp_path / "out")
    assert rows(ranked(folder=Path()))[0]["file"] == "'=1+1.json"
