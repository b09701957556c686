"""What a reader needs to repeat a figure: versions, processor, commit."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import hemascope


def describe_machine(*packages: str) -> dict[str, str | int]:
    """Plain values for a results file; `packages` are installed distributions whose versions matter to the figure."""
    return {
        "hemascope": hemascope.__version__,
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "not in a git checkout"
