import json
from pathlib import Path

import pytest

from builders import CLASSIFIER_CLASSES, class_colour, tiny_bundle
from unit.cli.conftest import Command, paint_crop

NAME = ("--classifier", "tiny-classification")


def crop_of(folder: Path, class_id: str) -> Path:
    return paint_crop(folder / f"{class_id}.png", class_colour(CLASSIFIER_CLASSES.index(class_id)))


def test_document_has_the_promised_form(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    crop = crop_of(tmp_path, "monocyte")
    outcome = hemascope("classify", crop, *NAME, "--json", tmp_path / "c.json")
    assert outcome == (0, "", "")
    document = json.loads((tmp_path / "c.json").read_text())
    assert document["schema"] == "hemascope.classification/1"
    (image,) = document["images"]
    assert (image["file"], image["class"], image["unidentified"]) == (str(crop), "monocyte", False)
    assert set(image["probabilities"]) == set(CLASSIFIER_CLASSES)
    assert sum(image["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_class_is_the_best_one_also_where_unidentified(hemascope: Command, tmp_path: Path) -> None:
    settings = {"crop_context": 1.5, "min_logsumexp": 1e6}
    folder = tiny_bundle(tmp_path / "strict", "classification", classification=settings)
    outcome = hemascope("classify", crop_of(tmp_path, "basophil"), "--classifier", f"{folder}/")
    (image,) = json.loads(outcome.out)["images"]
    assert (image["class"], image["unidentified"]) == ("basophil", True)


def test_list_file_keeps_its_order_and_skips_blank_lines(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    crops = [crop_of(tmp_path, name) for name in ("platelet", "basophil", "monocyte")]
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n\n".join(map(str, crops)).encode())
    outcome = hemascope("classify", "--from-file", tmp_path / "list.txt", *NAME)
    assert [image["file"] for image in json.loads(outcome.out)["images"]] == [str(crop) for crop in crops]


def test_broken_picture_between_batches_shifts_no_result(hemascope: Command, bundles: Path, tmp_path: Path) -> None:
    for number in range(70):  # three batches of 32
        path = crop_of(tmp_path, "monocyte" if number % 2 else "basophil")
        path.rename(tmp_path / f"c{number}.png")
    for number in (0, 31, 32, 69):
        (tmp_path / f"c{number}.png").write_bytes(b"")
    outcome = hemascope("classify", tmp_path / "c*.png", *NAME)
    document = json.loads(outcome.out)
    assert outcome.code == 1
    assert len(document["problems"]) == 4
    assert len(document["images"]) == 66
    assert all(
        image["class"] == ("monocyte" if int(Path(image["file"]).stem[1:]) % 2 else "basophil")
        for image in document["images"]
    )


def test_only_the_centre_is_seen_where_the_manifest_says_so(hemascope: Command, tmp_path: Path) -> None:
    settings = {"crop_context": 1.5, "whole_image_zoom": 0.5}
    folder = tiny_bundle(tmp_path / "zoomed", "classification", classification=settings)
    from PIL import Image

    picture = Image.new("RGB", (64, 64), "white")
    picture.paste(class_colour(3), (16, 16, 48, 48))
    picture.save(tmp_path / "crop.png")
    outcome = hemascope("classify", tmp_path / "crop.png", "--classifier", f"{folder}/")
    assert json.loads(outcome.out)["images"][0]["class"] == CLASSIFIER_CLASSES[3]


@pytest.mark.parametrize("arguments", [[], ["--from-file", "missing.txt"], ["--from-file", "/dev/null"]])
def test_no_picture_named_ends_with_2(hemascope: Command, bundles: Path, arguments: list[str]) -> None:
    outcome = hemascope("classify", *arguments, *NAME)
    assert outcome.code == 2
    assert outcome.err.startswith("error: ")
