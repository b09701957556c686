"""Serving must run where torch is not installed, and `--help` must answer at once."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

SERVING = [
    "hemascope",
    "hemascope.core.manifest",
    "hemascope.hematology.differential",
    "hemascope.imaging.decode",
    "hemascope.inference.pipeline",
    "hemascope.service.analyse",
    "hemascope.service.report",
    "hemascope.synth",
    "hemascope.data.readers",
    "hemascope.cli.main",
    "hemascope.cli.analyze",
    "hemascope.cli.detect",
    "hemascope.cli.classify",
    "hemascope.cli.differential",
    "hemascope.cli.report",
    "hemascope.cli.models",
    "hemascope.cli.synth",
    "hemascope.cli.doctor",
]
if find_spec("django") is not None:
    SERVING += ["hemascope.web.settings.base", "hemascope.cli.serve", "hemascope.cli.maintain"]


def _loaded_modules(module: str) -> set[str]:
    code = f"import sys, {module}; print(' '.join(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", SERVING)
def test_serving_module_loads_no_training_library(module: str) -> None:
    assert _loaded_modules(module).isdisjoint({"torch", "torchvision", "timm", "onnx", "matplotlib"})


def test_command_table_loads_nothing_heavy() -> None:
    heavy = {"numpy", "onnxruntime", "pydantic", "jinja2", "PIL", "scipy", "rich", "yaml", "django"}

    assert _loaded_modules("hemascope.cli.main").isdisjoint(heavy)
