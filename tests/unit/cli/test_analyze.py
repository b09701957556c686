import json
import os
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from hemascope.service.summary import read_summary
from unit.cli.conftest import Command, Outcome, paint_smear

MODELS = ("--detector", "tiny-detection", "--classifier", "tiny-classification")


@pytest.fixture
def analyze(hemascope: Command, bundles: Path, tmp_path: Path) -> Command:
    def run(*arguments: str | Path) -> Outcome:
        return hemascope("analyze", *arguments, *MODELS, "--threads", "1", "--out", tmp_path / "out")

    return run


def test_all_images_read_ends_with_0_and_says_where_the_report_lies(analyze: Command, tmp_path: Path) -> None:
    outcome = analyze(paint_smear(tmp_path / "a.png"), "--case-id", "C-7")
    assert outcome.code == 0
    assert outcome.out.endswith(f"{tmp_path / 'out' / 'report.html'}\n")
    assert "Differential count, peripheral blood" in outcome.out
    summary = read_summary(tmp_path / "out")
    assert summary.case_id == "C-7"
    assert summary.cells.detected == {"wbc": 2, "rbc": 1, "platelet": 1}


def test_json_prints_the_summary_and_nothing_else(analyze: Command, tmp_path: Path) -> None:
    outcome = analyze(paint_smear(tmp_path / "a.png"), "--json")
    assert outcome.out == (tmp_path / "out" / "summary.json").read_text()
    assert json.loads(outcome.out)["schema"] == "hemascope.summary/1"


def test_specimen_and_language_reach_the_report(analyze: Command, tmp_path: Path) -> None:
    outcome = analyze(paint_smear(tmp_path / "a.png"), "--specimen", "bone-marrow", "--lang", "zh")
    assert "骨髓有核细胞分类计数报告" in outcome.out
    assert '<html lang="zh-CN">' in (tmp_path / "out" / "report.html").read_text()


def write_text(path: Path) -> None:
    path.write_text("this is no picture")


def write_truncated_jpeg(path: Path) -> None:
    paint_smear(path.with_suffix(".jpg"))
    path.write_bytes(path.with_suffix(".jpg").read_bytes()[:3000])
    path.with_suffix(".jpg").unlink()


def write_huge_png(path: Path) -> None:
    """A header that claims 100,000 x 100,000 pixels, and the start of their data."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", b"x"))
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def write_single_pixel(path: Path) -> None:
    Image.new("RGB", (1, 1)).save(path)


BAD_IMAGES: list[tuple[str, Callable[[Path], object]]] = [
    ("image_empty", Path.touch),
    ("image_truncated", write_truncated_jpeg),
    ("image_type_unsupported", write_text),
    ("image_too_large", write_huge_png),
    ("image_too_small", write_single_pixel),
    ("input_not_found", lambda path: path.symlink_to("nowhere")),
    ("input_not_found", lambda path: path.mkdir()),
]


@pytest.mark.parametrize(("code", "write"), BAD_IMAGES)
def test_bad_input_is_named_and_the_rest_is_analysed(
    analyze: Command, tmp_path: Path, code: str, write: Callable[[Path], object]
) -> None:
    write(tmp_path / "bad.png")
    outcome = analyze(tmp_path / "bad.png", paint_smear(tmp_path / "good.png"))
    assert outcome.code == 1
    assert f"unusable: {tmp_path / 'bad.png'}: " in outcome.err
    assert f"[{code}]" in outcome.err
    assert read_summary(tmp_path / "out").fields.analysed == 1


@pytest.mark.parametrize(("code", "write"), BAD_IMAGES)
def test_only_bad_input_ends_with_2(
    analyze: Command, tmp_path: Path, code: str, write: Callable[[Path], object]
) -> None:
    write(tmp_path / "bad.png")
    outcome = analyze(tmp_path / "bad.png")
    assert outcome.code == 2
    assert "nothing usable" in outcome.err
    assert code in outcome.err


def test_nothing_usable_leaves_an_earlier_analysis_alone(analyze: Command, tmp_path: Path) -> None:
    analyze(paint_smear(tmp_path / "a.png"))
    assert analyze(tmp_path / "missing.png").code == 2
    assert read_summary(tmp_path / "out").fields.analysed == 1


def test_output_inside_the_input_folder_is_not_analysed_again(analyze: Command, tmp_path: Path) -> None:
    paint_smear(tmp_path / "a.png")
    analyze(tmp_path)
    assert analyze(tmp_path).code == 0
    assert read_summary(tmp_path / "out").fields.given == 1


def test_foreign_folder_is_refused_unless_forced(analyze: Command, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.doc").write_text("mine")
    image = paint_smear(tmp_path / "a.png")
    refused = analyze(image)
    assert (refused.code, "--force" in refused.err) == (2, True)
    assert analyze(image, "--force").code == 0
    assert (tmp_path / "out" / "thesis.doc").read_text() == "mine"


def test_read_only_output_ends_with_2(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    outcome = hemascope("analyze", paint_smear(tmp_path / "a.png"), *MODELS, "--out", "/proc/out")
    assert outcome.code == 2
    assert outcome.err.startswith("error: cannot write to '/proc/out'")


@pytest.mark.parametrize("task", ["detection", "classification"])
def test_corrupt_bundle_ends_with_2_before_anything_is_written(
    analyze: Command, bundles: Path, tmp_path: Path, task: str
) -> None:
    with (bundles / f"tiny-{task}" / "model.onnx").open("ab") as file:
        file.write(b"x")
    outcome = analyze(paint_smear(tmp_path / "a.png"))
    assert outcome.code == 2
    assert "sha256" in outcome.err
    assert not (tmp_path / "out").exists()


def test_missing_bundle_ends_with_2_and_lists_what_is_installed(
    hemascope: Command, bundles: Path, tmp_path: Path
) -> None:
    outcome = hemascope("analyze", paint_smear(tmp_path / "a.png"), "--detector", "none", "--out", tmp_path / "out")
    assert outcome.code == 2
    assert "tiny-classification, tiny-detection" in outcome.err


def test_bundle_of_the_other_task_is_refused(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    arguments = ("--detector", "tiny-classification", "--out", tmp_path / "out")
    outcome = hemascope("analyze", paint_smear(tmp_path / "a.png"), *arguments)
    assert outcome.code == 2
    assert "is for classification" in outcome.err


def test_interrupt_midway_keeps_and_says_what_was_finished(bundles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for number in range(1, 200):
        paint_smear(folder / f"f{number}.png")
    arguments = ["analyze", str(folder), *MODELS, "--threads", "1", "--out", str(tmp_path / "out")]
    run = subprocess.Popen(
        [sys.executable, "-m", "hemascope", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"HEMASCOPE_BUNDLES": str(bundles)},
    )  # fmt: skip
    fields = tmp_path / "out" / "fields.csv"
    while run.poll() is None and not (fields.is_file() and fields.read_bytes().count(b"\n") > 2):
        pass
    run.send_signal(signal.SIGINT)
    _out, err = run.communicate(timeout=120)
    summary = read_summary(tmp_path / "out")
    assert run.returncode == 130, err
    assert summary.interrupted
    assert 2 <= summary.fields.analysed < 199
    assert f"interrupted: {summary.fields.analysed} of 199 images are finished and kept" in err
    assert "The analysis was interrupted" in (tmp_path / "out" / "report.html").read_text()
