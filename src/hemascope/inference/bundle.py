"""Model bundles: a folder with `manifest.json`, the `.onnx` it names and a model card."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hemascope.core.manifest import SCHEMA, ModelManifest
from hemascope.errors import BundleError, BundleHashMismatchError, BundleNotFoundError, ManifestSchemaError

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """A manifest and its folder, the network's file verified."""

    manifest: ModelManifest
    folder: Path

    @property
    def onnx_path(self) -> Path:
        return self.folder / self.manifest.onnx_file


def load_bundle(folder: Path) -> ModelBundle:
    """Reads the manifest strictly and compares the sha256 of the network's file.

    Raises BundleNotFoundError, ManifestSchemaError (naming the field) or BundleHashMismatchError.
    """
    manifest = read_manifest(folder)
    bundle = ModelBundle(manifest, folder)
    if bundle.onnx_path.parent != folder:
        raise ManifestSchemaError(
            f"{folder / MANIFEST_FILE}: onnx_file must be a name in the same folder, got '{manifest.onnx_file}'"
        )
    found = _sha256(bundle.onnx_path)
    if found != manifest.onnx_sha256:
        raise BundleHashMismatchError(
            f"{bundle.onnx_path} has sha256 {found[:12]}..., its manifest promises {manifest.onnx_sha256[:12]}...; "
            "the file is damaged or was replaced: install the bundle again"
        )
    return bundle


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
