import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.service.inputs import Inputs, collect_inputs, natural_key


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def shown(inputs: Inputs, folder: Path) -> list[str]:
    return [os.path.relpath(file.shown, folder) for file in inputs.files]


def codes(inputs: Inputs) -> list[str]:
    return [problem.code for problem in inputs.problems]


def test_nothing_given_gives_nothing() -> None:
    assert collect_inputs([]) == Inputs((), ())


def test_folder_is_searched_below_in_natural_order_without_hidden_and_other_files(tmp_path: Path) -> None:
    touch(
        *(
            tmp_path / name
            for name in ("f10.png", "F2.JPG", "f1.tif", "notes.txt", ".hidden.png", ".git/a.png", "sub/a.webp")
        )
    )
    inputs = collect_inputs([str(tmp_path)])
    assert shown(inputs, tmp_path) == ["f1.tif", "F2.JPG", "f10.png", "sub/a.webp"]
    assert codes(inputs) == []


def test_named_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path / "field.dat")
    assert shown(collect_inputs([str(tmp_path / "field.dat")]), tmp_path) == ["field.dat"]


def test_glob_takes_matching_images_and_folders(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("a1.png", "a2.png", "a3.txt", "a4/x.png", "b.png")))
    assert shown(collect_inputs([str(tmp_path / "a*")]), tmp_path) == ["a1.png", "a2.png", "a4/x.png"]


def test_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    touch(tmp_path / "field[1].png", tmp_path / "field1.png")
    assert shown(collect_inputs([str(tmp_path / "field[1].png")]), tmp_path) == ["field[1].png"]


@pytest.mark.parametrize("name", ["missing.png", "*.nothing", ""])
def test_name_that_leads_nowhere_is_reported_and_the_rest_goes_on(tmp_path: Path, name: str) -> None:
    touch(tmp_path / "a.png")
    inputs = collect_inputs([name and str(tmp_path / name), str(tmp_path / "a.png")])
    assert codes(inputs) == ["input_not_found"]
    assert shown(inputs, tmp_path) == ["a.png"]


def test_folder_without_images_is_named(tmp_path: Path) -> None:
    touch(tmp_path / "notes.txt")
    (problem,) = collect_inputs([str(tmp_path)]).problems
    assert problem.code == "input_not_found"
    assert str(tmp_path) in problem.message


def test_unreadable_folder_is_named_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a.png", tmp_path / "locked" / "b.png")
    scandir = os.scandir

    def refuse(path: str) -> "os.ScandirIterator[str]":  # root may read everything, so permissions cannot show this
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    inputs = collect_inputs([str(tmp_path)])
    assert shown(inputs, tmp_path) == ["a.png"]
    (problem,) = inputs.problems
    assert problem.code == "input_unreadable"
    assert problem.file.endswith("locked")


def test_same_file_is_taken_once_however_often_it_is_named(tmp_path: Path) -> None:
    touch(tmp_path / "a.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    inputs = collect_inputs([str(tmp_path / "a.png"), str(tmp_path), f"{tmp_path}/./a.png", str(tmp_path / "*.png")])
    assert shown(inputs, tmp_path) == ["a.png"]
    assert codes(inputs) == []


def test_folder_whose_images_were_all_named_before_is_no_problem(tmp_path: Path) -> None:
    touch(tmp_path / "a.png")
    assert codes(collect_inputs([str(tmp_path / "a.png"), str(tmp_path)])) == []


def test_link_to_the_folder_itself_does_not_loop(tmp_path: Path) -> None:
    touch(tmp_path / "a.png")
    (tmp_path / "again").symlink_to(tmp_path)
    assert shown(collect_inputs([str(tmp_path)]), tmp_path) == ["a.png"]


def test_pipe_is_reported_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert codes(collect_inputs([str(tmp_path / "pipe.png")])) == ["input_unreadable"]


def test_output_of_an_earlier_run_inside_the_inputs_is_passed_over(tmp_path: Path) -> None:
    touch(tmp_path / "a.png", tmp_path / "out" / "crops" / "x.png")
    assert shown(collect_inputs([str(tmp_path)], exclude=tmp_path / "out"), tmp_path) == ["a.png"]


def test_shown_name_stays_as_the_caller_wrote_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    assert [file.shown for file in collect_inputs(["./a.png"]).files] == ["./a.png"]


@given(st.lists(st.text()))
def test_order_does_not_depend_on_the_order_found(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(backwards, key=natural_key) == sorted(names, key=natural_key)


@pytest.mark.parametrize(
    ("names", "in_order"),
    [
        ([], []),
        (["f10", "f9", "f1"], ["f1", "f9", "f10"]),
        (["b", "A", "a"], ["A", "a", "b"]),
        (["x", "1", "f1b2", "f1b10"], ["1", "f1b2", "f1b10", "x"]),
    ],
)
def test_natural_key_sorts_numbers_by_value(names: list[str], in_order: list[str]) -> None:
    assert sorted(names, key=natural_key) == in_order
