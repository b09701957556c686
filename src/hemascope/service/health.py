"""What an installation has and lacks, examined piece by piece; each piece is reported, none stops the others."""

import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import onnxruntime

from hemascope import __version__
from hemascope.errors import HemascopeError
from hemascope.inference.bundle import load_bundle
from hemascope.inference.session import open_session
from hemascope.service.registry import DEFAULT_NAMES, InstalledBundle, installed_bundles

_NEEDED = (
    "numpy",
    "pillow",
    "tifffile",
    "imagecodecs",
    "onnxruntime",
    "pydantic",
    "scipy",
    "typer",
    "rich",
    "jinja2",
    "pyyaml",
)
_TRAINING = ("torch", "torchvision", "timm", "onnx", "onnxscript", "matplotlib")
_CPU_FLAGS = ("avx2", "avx512f", "avx512_vnni", "amx_int8", "asimd")  # what ONNX Runtime gains from


@dataclass(frozen=True, slots=True)
class Finding:
    state: Literal["ok", "note", "broken"]
    subject: str
    text: str


def examine_installation() -> Iterator[Finding]:
    yield Finding("ok", "hemascope", f"{__version__}, Python {platform.python_version()}, {platform.platform()}")
    yield from _packages()
    yield Finding("ok", "processor", f"{os.cpu_count()} cores; {_cpu_flags()}")
    yield Finding("ok", "execution providers", ", ".join(onnxruntime.get_available_providers()))
    yield _temporary_folder()
    yield from _bundles()


def _packages() -> Iterator[Finding]:
    for name in _NEEDED:
        version = _version(name)
        if version is None:
            yield Finding("broken", name, "is not installed; run: pip install hemascope")
        else:
            yield Finding("ok", name, version)
    missing = [name for name in _TRAINING if _version(name) is None]
    if missing:
        text = f"not installed: {', '.join(missing)}; needed only to train: pip install 'hemascope[train]'"
        yield Finding("note", "training extra", text)
    else:
        yield Finding("ok", "training extra", ", ".join(f"{name} {_version(name)}" for name in _TRAINING))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_flags() -> str:
    """Of Linux; other systems do not tell in a file."""
    try:
        words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return f"{platform.machine()}, instruction sets not known on this system"
    found = [flag for flag in _CPU_FLAGS if flag in words]
    return f"{platform.machine()} with {', '.join(found) or 'none of ' + ', '.join(_CPU_FLAGS)}"


def _temporary_folder() -> Finding:
    folder = tempfile.gettempdir()
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"0" * 4096)
            file.flush()
    except OSError as error:
        return Finding("broken", "temporary folder", f"cannot write to '{folder}': {error.strerror}; set TMPDIR")
    return Finding("ok", "temporary folder", f"'{folder}' is writable")


def _bundles() -> Iterator[Finding]:
    try:
        installed = installed_bundles()
    except HemascopeError as error:
        yield Finding("broken", "bundles", str(error))
        return
    for bundle in installed:
        yield _bundle(bundle)
    names = {bundle.name for bundle in installed}
    for task, name in DEFAULT_NAMES.items():
        if name not in names:
            yield Finding("broken", f"bundle {name}", f"is not installed; it is the default for {task}")


def _bundle(installed: InstalledBundle) -> Finding:
    subject = f"bundle {installed.name}"
    try:
        bundle = load_bundle(installed.folder)
        session = open_session(bundle)
    except HemascopeError as error:
        return Finding("broken", subject, str(error))
    manifest = bundle.manifest
    origin = "shipped" if installed.is_shipped else "user folder"
    identity = f"{manifest.task} {manifest.version}, sha256 {manifest.onnx_sha256[:12]}"
    return Finding("ok", subject, f"{identity}, {origin}, runs on {session.providers[0]}")
