import numpy as np
import pytest

from hemascope.synth.shapes import Blob, Patch, backbone_distance, blob_distance


def test_plain_blob_covers_the_area_of_its_disc_or_ellipse():
    patch = Patch.spanning(6.0, 10.0)

    for elongation in (1.0, 1.5):
        distance = blob_distance(patch, np.random.default_rng(0), Blob(3.0, elongation))
        assert patch.coverage(distance).sum() / 100 == pytest.approx(np.pi * 9, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_wavy_blob_stays_within_its_reach(seed):
    blob = Blob(4.0, 1.4, waviness=0.05, ruffles=0.03, point=0.3)
    patch = Patch.spanning(3 * blob.radius_um, 6.0)
    inside = blob_distance(patch, np.random.default_rng(seed), blob) < 0

    assert np.hypot(patch.x, patch.y)[inside].max() <= blob.reach_um


def test_backbone_is_the_union_of_its_discs():
    patch = Patch.spanning(4.0, 10.0)
    points, radii = np.array([[-2.0, 0.0], [2.0, 0.0]], dtype=np.float32), np.array([1.0, 0.5], dtype=np.float32)
    inside = backbone_distance(patch, points, radii) < 0

    assert inside.sum() / 100 == pytest.approx(np.pi * (1 + 0.25), rel=0.03)
    assert not inside[patch.half_px, patch.half_px]
