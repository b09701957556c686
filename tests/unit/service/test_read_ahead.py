import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.errors import InputError
from hemascope.imaging.decode import ImageSource
from hemascope.inference.stage_times import StageTimes
from hemascope.service import read_ahead
from hemascope.service.read_ahead import ImageReader

WAIT_S = 10


def write_images(folder: Path, count: int) -> list[Path]:
    """Images of 10, 11, ... pixels width."""
    paths = [folder / f"{i}.png" for i in range(count)]
    for i, path in enumerate(paths):
        Image.fromarray(np.zeros((8, 10 + i, 3), np.uint8)).save(path)
    return paths


def width_of(source: ImageSource) -> int:
    return source.width


def readers() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("read")}


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_images_come_in_their_order_with_what_was_prepared(tmp_path: Path, count: int) -> None:
    paths = write_images(tmp_path, count)
    found = []
    with ImageReader(paths, width_of) as reader:
        for _ in paths:
            with reader.next_image() as image:
                found.append((image.prepared, image.source.read_region(0, 0, 3, 3).shape))
    assert found == [(10 + i, (3, 3, 3)) for i in range(count)]
    assert not readers()


def test_next_image_is_prepared_while_this_one_is_in_use_and_not_the_one_after(tmp_path: Path) -> None:
    prepared: list[int] = []
    second = threading.Event()

    def prepare(source: ImageSource) -> None:
        prepared.append(source.width)
        if len(prepared) == 2:
            second.set()

    with ImageReader(write_images(tmp_path, 4), prepare) as reader, reader.next_image():
        assert second.wait(WAIT_S)
        assert prepared == [10, 11]


def test_nothing_is_read_beside_a_large_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "ALONE_ABOVE_PX", 79)
    threads: list[int] = []
    paths = write_images(tmp_path, 2)
    with ImageReader(paths, lambda source: threads.append(source.width)) as reader:
        with reader.next_image():
            assert threads == [10]
        with reader.next_image() as image:
            assert (image.source.width, threads) == (11, [10, 11])


def broken_file(paths: list[Path]) -> Callable[[ImageSource], None]:
    paths[1].write_bytes(b"no picture")
    return lambda _source: None


def broken_preparation(_paths: list[Path]) -> Callable[[ImageSource], None]:
    def prepare(source: ImageSource) -> None:
        if source.width == 11:
            raise InputError("too dark")

    return prepare


@pytest.mark.parametrize("fault", [broken_file, broken_preparation])
def test_image_that_cannot_be_used_raises_in_its_turn_only(
    tmp_path: Path, fault: Callable[[list[Path]], Callable[[ImageSource], None]]
) -> None:
    paths = write_images(tmp_path, 3)
    with ImageReader(paths, fault(paths)) as reader:
        with reader.next_image() as image:
            assert image.source.width == 10
        with pytest.raises(InputError), reader.next_image():
            pass
        with reader.next_image() as image:
            assert image.source.width == 12


def test_thread_is_gone_when_the_caller_fails_early(tmp_path: Path) -> None:
    reading = ImageReader(write_images(tmp_path, 3), width_of)
    with pytest.raises(KeyboardInterrupt), reading as reader, reader.next_image():
        raise KeyboardInterrupt
    assert not readers()


def test_decoding_is_booked_in_the_given_times(tmp_path: Path) -> None:
    times = StageTimes()
    with ImageReader(write_images(tmp_path, 1), width_of, times) as reader, reader.next_image() as image:
        assert image.seconds >= times.seconds["decode"] > 0
