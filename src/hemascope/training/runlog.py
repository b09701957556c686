"""What a run leaves to read: resolved recipe, metrics.csv, curves.png."""

import csv
from pathlib import Path

import torch
import yaml
from pydantic import BaseModel

from hemascope.data.machine import describe_machine


class RunLog:
    """Appends one row of named numbers an epoch to `metrics.csv`; a resumed run drops rows after its checkpoint."""

    def __init__(self, folder: Path, recipe: BaseModel, epochs_done: int) -> None:
        self.path = folder / "metrics.csv"
        self.rows: list[dict[str, str]] = []
        if self.path.exists() and epochs_done:
            with self.path.open(newline="", encoding="utf-8") as stream:
                self.rows = [row for row in csv.DictReader(stream) if int(row["epoch"]) <= epochs_done]
        machine = describe_machine("torch", "torchvision", "timm") | {"threads": torch.get_num_threads()}
        for name, content in (("recipe", recipe.model_dump(mode="json")), ("machine", machine)):
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def add(self, epoch: int, values: dict[str, float]) -> None:
        """`epoch` is 1-based: the number of epochs finished."""
        self.rows.append({"epoch": str(epoch), **{name: f"{value:.6g}" for name, value in values.items()}})
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        partial = self.path.with_suffix(".partial")  # replaced whole, so that a kill leaves a table that can be read
        with partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
        partial.replace(self.path)

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
