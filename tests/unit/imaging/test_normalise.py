import numpy as np

from hemascope.imaging.normalise import normalise_batch


def test_normalise_batch_scales_and_lays_out_channels_first(rng: np.random.Generator) -> None:
    images = [rng.integers(0, 256, (5, 7, 3), np.uint8) for _ in range(2)]
    mean, std = (0.7, 0.6, 0.5), (0.2, 0.25, 0.3)
    batch = normalise_batch(images, mean, std)
    assert batch.shape == (2, 3, 5, 7)
    assert batch.dtype == np.float32
    expected = (np.stack(images) / 255 - mean) / std
    np.testing.assert_allclose(batch, expected.transpose(0, 3, 1, 2), atol=1e-5)
