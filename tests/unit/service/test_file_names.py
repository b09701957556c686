import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.service.file_names import MAX_STEM_BYTES, safe_stem, shown_path, unique_stems


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("field_01", "field_01"),
        ("视野 3", "视野_3"),
        ("Zürich", "Zürich"),
        ("=1+1", "1+1"),
        ("-rf", "rf"),
        ("../../etc", "etc"),
        ('a<b>"c|d?e*', "a_b_c_d_e"),
        ("a\nb\x1b[31m", "a_b_[31m"),
        ("\udcff", "image"),
        ("", "image"),
        ("...", "image"),
        ("con", "_con"),
        ("LPT1.x", "_LPT1.x"),
    ],
)
def test_stem_is_safe_on_every_system(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


def test_long_names_are_cut_and_stay_different() -> None:
    stems = [safe_stem("细胞" * 60 + end) for end in "ab"]
    assert len(set(stems)) == 2
    assert all(len(stem.encode()) <= MAX_STEM_BYTES for stem in stems)


@given(st.text())
def test_any_name_gives_a_usable_stem(name: str) -> None:
    stem = safe_stem(name)
    assert stem
    assert "/" not in stem
    assert not stem.startswith((".", "-", "=", "+", "@"))
    assert len(stem.encode()) <= MAX_STEM_BYTES


@pytest.mark.parametrize(
    ("paths", "stems"),
    [
        ([], []),
        (["a/x.png", "b/y.png"], ["x", "y"]),
        (["a/x.png", "b/x.png"], ["a_x", "b_x"]),
        (["a/x.png", "a/x.jpg"], ["a_x", "a_x-2"]),
        (["a/x.png", "b/X.png"], ["a_x", "b_X"]),
        (["p/a/x.png", "q/a/x.png", "a_x-2.png"], ["a_x", "a_x-2", "a_x-2-2"]),
    ],
)
def test_stems_differ_where_names_meet(paths: list[str], stems: list[str]) -> None:
    assert unique_stems(paths) == stems


@given(st.lists(st.text(alphabet="aA/.=-", min_size=1), unique=True))
def test_stems_are_always_unique_without_case(paths: list[str]) -> None:
    stems = [stem.casefold() for stem in unique_stems(paths)]
    assert len(set(stems)) == len(paths)


def test_shown_path_escapes_bytes_and_control_characters() -> None:
    assert shown_path(os.fsdecode(b"a\xff\x1b[31m/\xe7\xbb\x86.png")) == "a\\xff\\x1b[31m/细.png"
