import json
from pathlib import Path

import pytest

from builders import make_manifest
from hemascope.data.annotations.labelme import read_labelme_file, write_labelme_file
from hemascope.data.annotations.record import AnnotatedImage, Shape
from hemascope.service.proposals import is_as_proposed, is_confirmed, model_name, proposal_text

BOX = Shape("monocyte", ((1.0, 2.0), (30.5, 40.0)), score=0.9, flags={"proposed": True})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "labels" / "f.json"
    path.parent.mkdir()
    path.write_text(proposal_text(tmp_path / "f.png", (80, 64), (BOX,), path, ("tiny 1.0.0 000000000000",)))
    return path


def test_proposal_reads_as_a_labelme_file_of_the_image(file: Path, tmp_path: Path) -> None:
    record = read_labelme_file(file)
    assert record.image.resolve() == tmp_path / "f.png"
    assert (record.width, record.height, record.shapes) == (80, 64, (BOX,))
    assert json.loads(file.read_text())["hemascope"]["models"] == ["tiny 1.0.0 000000000000"]


def test_new_proposal_is_as_proposed(file: Path) -> None:
    assert is_as_proposed(file)


def test_any_changed_byte_breaks_the_seal(file: Path) -> None:
    data = file.read_bytes()
    for position in range(0, len(data), 7):
        file.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        assert not is_as_proposed(file), data[max(position - 20, 0) : position + 20]


def test_saving_without_a_change_counts_as_a_persons_work(file: Path) -> None:
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document, ensure_ascii=False, indent=2))  # as labelme writes
    assert not is_as_proposed(file)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"shapes": []}', '{"sha256": "' + "0" * 64 + '"}'])
def test_other_file_is_not_ours(tmp_path: Path, content: str) -> None:
    (tmp_path / "f.json").write_text(content)
    assert not is_as_proposed(tmp_path / "f.json")


def test_own_key_survives_a_reader_and_a_writer(file: Path) -> None:
    before = json.loads(file.read_text())["hemascope"]
    write_labelme_file(read_labelme_file(file), file)
    assert json.loads(file.read_text())["hemascope"] == before


@pytest.mark.parametrize(
    ("shape_flags", "file_flags", "expected"),
    [
        ({"proposed": True}, {"confirmed": False}, False),
        ({"proposed": True}, {}, False),
        ({"proposed": False}, {"confirmed": False}, True),
        ({}, {}, True),
        ({"proposed": True}, {"confirmed": True}, True),
    ],
    ids=["as proposed", "foreign file", "taken away", "drawn by a person", "whole file"],
)
def test_box_is_confirmed(shape_flags: dict[str, bool], file_flags: dict[str, bool], expected: bool) -> None:
    shape = Shape("monocyte", BOX.points, flags=shape_flags)
    assert is_confirmed(shape, AnnotatedImage(Path("f.png"), "f.png", flags=file_flags)) is expected


def test_model_is_named_with_its_hash() -> None:
    assert model_name(make_manifest("detection", onnx_sha256="ab" * 32)) == "tiny-detection 1.0.0 abababababab"
