"""What a run leaves to read: resolved recipe, metrics.csv, curves.png."""

import csv
import platform
import subprocess
from pathlib import Path

import torch
import yaml
from pydantic import BaseModel

import hemascope


class RunLog:
    """Appends one row of named numbers an epoch to `metrics.csv`; a resumed run drops rows after its checkpoint."""

    def __init__(self, folder: Path, recipe: BaseModel, epochs_done: int) -> None:
        self.path = folder / "metrics.csv"
        self.rows: list[dict[str, str]] = []
        if self.path.exists() and epochs_done:
            with self.path.open(newline="") as stream:
                self.rows = [row for row in csv.DictReader(stream) if int(row["epoch"]) <= epochs_done]
        (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))
        (folder / "machine.yaml").write_text(yaml.safe_dump(describe_machine()))

    def add(self, epoch: int, values: dict[str, float]) -> None:
        """`epoch` is 1-based: the number of epochs finished."""
        self.rows.append({"epoch": str(epoch), **{name: f"{value:.6g}" for name, value in values.items()}})
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        with self.path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, columns, restval="")
            writer.writeheader()
            writer.writerows(self.rows)

    def draw_curves(self, path: Path) -> None:
        """One small plot a column over epochs."""
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot as plt

        names = [name for name in dict.fromkeys(n for row in self.rows for n in row) if name != "epoch"]
        figure, axes = plt.subplots(-(-len(names) // 3), 3, figsize=(12, 2.6 * -(-len(names) // 3)), squeeze=False)
        for axis, name in zip(axes.flat, names, strict=False):
            points = [(int(row["epoch"]), float(row[name])) for row in self.rows if row.get(name)]
            axis.plot([x for x, _ in points], [y for _, y in points])
            axis.set_title(name, fontsize=9)
            axis.grid(alpha=0.3)
        for axis in axes.flat[len(names) :]:
            axis.remove()
        figure.tight_layout()
        figure.savefig(path, dpi=100)
        plt.close(figure)


def describe_machine() -> dict[str, str | int]:
    """What a reader needs to repeat a figure: versions, processor, threads, commit."""
    return {
        "hemascope": hemascope.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "processor": _processor(),
        "threads": torch.get_num_threads(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _commit() -> str:
    try:
        command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "not in a git checkout"
