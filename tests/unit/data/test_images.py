from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.data.images import read_image
from hemascope.errors import DatasetError


def test_image_is_read_as_rgb(tmp_path: Path) -> None:
    Image.new("RGB", (12, 9), (10, 20, 30)).save(tmp_path / "a.png")
    rgb = read_image(tmp_path / "a.png")
    assert rgb.shape == (9, 12, 3)
    assert np.unique(rgb.reshape(-1, 3), axis=0).tolist() == [[10, 20, 30]]


@pytest.mark.parametrize("content", [None, b"", b"no picture"], ids=["missing", "empty", "text"])
def test_image_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DatasetError, match=r"a\.png is listed in the dataset but cannot be read"):
        read_image(tmp_path / "a.png")
