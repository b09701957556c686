"""Model bundles: a folder with `manifest.json`, the files it names (a network, perhaps its features) and a card."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hemascope.core.manifest import SCHEMA, FeatureCheck, ModelManifest
from hemascope.errors import BundleError, BundleHashMismatchError, BundleNotFoundError, ManifestSchemaError

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """A manifest and its folder, the files it names verified."""

    manifest: ModelManifest
    folder: Path

    @property
    def onnx_path(self) -> Path:
        return self.folder / self.manifest.onnx_file

    @property
    def feature_check(self) -> FeatureCheck | None:
        """How a classifier tells cells it never learned by their features, where it does."""
        return self.manifest.classification.feature_check if self.manifest.classification else None


def load_bundle(folder: Path) -> ModelBundle:
    """Reads the manifest strictly and compares the sha256 of every file that it names.

    Raises BundleNotFoundError, ManifestSchemaError (naming the field) or BundleHashMismatchError.
    """
    manifest = read_manifest(folder)
    bundle = ModelBundle(manifest, folder)
    _verify(folder, "onnx_file", manifest.onnx_file, manifest.onnx_sha256)
    if bundle.feature_check is not None:
        _verify(folder, "feature_check.file", bundle.feature_check.file, bundle.feature_check.sha256)
    return bundle


def _verify(folder: Path, field: str, name: str, promised: str) -> None:
    path = folder / name
    if path.parent != folder:
        raise ManifestSchemaError(f"{folder / MANIFEST_FILE}: {field} must be a name in the same folder, got '{name}'")
    found = _sha256(path)
    if found != promised:
        raise BundleHashMismatchError(
            f"{path} has sha256 {found[:12]}..., its manifest promises {promised[:12]}...; "
            "the file is damaged or was replaced: install the bundle again"
        )


def read_manifest(folder: Path) -> ModelManifest:
    """What the bundle promises, without looking at the network's file. Raises as `load_bundle`."""
    return _parse_manifest(_read(folder / MANIFEST_FILE), folder / MANIFEST_FILE)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BundleNotFoundError(
            f"{path} does not exist; a bundle is a folder with {MANIFEST_FILE} and an .onnx file"
        ) from error
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise BundleNotFoundError(
            f"{path} does not exist, but the manifest beside it names it; install the bundle again"
        ) from error
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from error


def _parse_manifest(text: bytes, path: Path) -> ModelManifest:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ManifestSchemaError(f"{path} is not valid JSON: {error}") from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise ManifestSchemaError(
            f"{path}: schema is {schema!r}, expected '{SCHEMA}'; the bundle needs a newer hemascope or is none"
        )
    try:
        return ModelManifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise ManifestSchemaError(f"{path}: {field}: {first['msg']} ({error.error_count()} faults in all)") from error
