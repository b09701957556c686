import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset_builders import write_table
from hemascope.data.audit import AuditReport, audit
from hemascope.data.listing import group_values, list_images
from hemascope.errors import DatasetError
from unit.data.test_duplicates import blots

COLUMNS = ("file", "label", "split", "patient")


def save(root: Path, *names: str) -> None:
    """A different picture for each name; names that begin alike up to `~` show the same one, turned."""
    for name in names:
        rgb = blots(sum(Path(name).stem.split("~")[0].encode()))
        if "~" in name:
            rgb = np.ascontiguousarray(np.rot90(rgb))
        Image.fromarray(rgb).save(root / name)


def audit_cells(root: Path, *rows: tuple[str, str, str, str]) -> AuditReport:
    return audit(list_images(write_table(root, COLUMNS, rows)))


def kinds(report: AuditReport) -> dict[str, int]:
    return {kind: count for (_, kind), count in report.kinds().items()}


def test_clean_split_has_no_finding(tmp_path: Path) -> None:
    save(tmp_path, "a.png", "b.png")
    report = audit_cells(tmp_path, ("a.png", "blast", "train", "1"), ("b.png", "Band Neutrophil", "val", "2"))
    assert report.findings == ()
    assert (report.images, report.splits) == (2, {"train": 1, "val": 1})


def test_copies_and_patients_on_both_sides_are_leaks(tmp_path: Path) -> None:
    save(tmp_path, "a.png", "a~turned.png", "b.png", "c.png")
    (tmp_path / "d.png").write_bytes((tmp_path / "b.png").read_bytes())
    report = audit_cells(
        tmp_path,
        ("a.png", "blast", "train", "1"),
        ("a~turned.png", "blast", "val", "2"),
        ("b.png", "blast", "train", "3"),
        ("d.png", "blast", "val", "4"),
        ("c.png", "blast", "val", "1"),
    )
    assert kinds(report) == {
        "identical-across-splits": 1, "near-across-splits": 1, "patient-across-splits": 1
    }  # fmt: skip
    assert report.count("leak") == 3


def test_copies_within_a_part_are_told_and_no_leak(tmp_path: Path) -> None:
    save(tmp_path, "a.png", "a~turned.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    rows = [(name, label, "train", "1") for name, label in (("a.png", "blast"), ("a~turned.png", "blast"))]
    report = audit_cells(tmp_path, *rows, ("b.png", "monocyte", "train", "1"))
    assert kinds(report) == {"identical-other-label": 1, "near": 2}
    assert report.count("leak") == 0


def test_unreadable_images_and_mistyped_labels_are_errors(tmp_path: Path) -> None:
    save(tmp_path, "a.png", "b.png")
    (tmp_path / "text.png").write_text("no image")
    report = audit_cells(
        tmp_path,
        ("a.png", "eosinophl", "", "1"),
        ("b.png", "pre_b", "", "2"),
        ("text.png", "blast", "", "3"),
    )
    assert [(one.severity, one.kind) for one in report.findings] == [
        ("error", "unreadable"), ("error", "label-typo"), ("warning", "label-unknown")
    ]  # fmt: skip
    assert report.findings[1].text.endswith("did you mean 'eosinophil'?")


@pytest.mark.parametrize(
    ("corners", "kind"),
    [
        ("30,10,10,30", "box-inverted"),
        ("10,10,10,30", "box-empty"),
        ("nan,10,20,30", "box-broken"),
        ("60,10,95,30", "box-outside"),
        ("5,5,77,8", "box-sliver"),
        ("10,10,30,30", None),
        ("0,0,80.5,64", None),
    ],
)
def test_boxes_are_judged_one_by_one(tmp_path: Path, corners: str, kind: str | None) -> None:
    save(tmp_path, "a.png")
    (tmp_path / "boxes.csv").write_text(f"image,label,x1,y1,x2,y2\na.png,wbc,{corners}\n")
    assert kinds(audit(list_images(tmp_path / "boxes.csv"))) == ({kind: 1} if kind else {})


def test_box_that_comes_twice_is_an_error_and_of_another_class_is_not(tmp_path: Path) -> None:
    save(tmp_path, "a.png")
    rows = "a.png,wbc,10,10,30,30\na.png,wbc,10.2,10,30,30\na.png,rbc,10,10,30,30\n"
    (tmp_path / "boxes.csv").write_text(f"image,label,x1,y1,x2,y2\n{rows}")
    report = audit(list_images(tmp_path / "boxes.csv"))
    assert kinds(report) == {"box-duplicate": 1}
    assert json.loads(report.to_json())["findings"][0]["files"] == ["a.png"]


def test_groups_come_from_a_column_or_a_pattern(tmp_path: Path) -> None:
    save(tmp_path, "a_1.png", "b_1.png")
    rows = [("a_1.png", "blast", "", "p1"), ("b_1.png", "blast", "", "p2")]
    listed = list_images(write_table(tmp_path, COLUMNS, rows))
    assert group_values(listed, "patient") == ("p1", "p2")
    assert group_values(listed, "([a-z])_") == ("a", "b")
    for by, message in (
        ("slide", "no image has 'slide'; columns here: .*patient"),
        ("(", "no regular expression"),
        ("(?:a)", "captures nothing"),
        ("(a)_", "b_1.png has no"),
    ):
        with pytest.raises(DatasetError, match=message):
            group_values(listed, by)
