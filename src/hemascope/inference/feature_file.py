"""The `.npz` beside a classifier that says where the features of its classes lie."""

import io
import zipfile
from pathlib import Path

import numpy as np

from hemascope.core.feature_distribution import FeatureDistribution
from hemascope.errors import BundleError

FEATURE_FILE = "features.npz"


def feature_bytes(distribution: FeatureDistribution) -> bytes:
    """The content of the file."""
    stream = io.BytesIO()
    np.savez(stream, means=distribution.means, whitening=distribution.whitening)
    return stream.getvalue()


def read_feature_file(path: Path) -> FeatureDistribution:
    """Raises BundleError for a file that holds no such arrays."""
    try:
        with np.load(path, allow_pickle=False) as content:
            return FeatureDistribution(content["means"].astype(np.float32), content["whitening"].astype(np.float32))
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} does not describe features: {error}; export the bundle again") from error
