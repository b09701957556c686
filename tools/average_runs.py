"""One classifier from several runs of one network: the mean of their weights (Wortsman et al. 2022, "Model soups").

python tools/average_runs.py RUN RUN ... --data PATH/pbc --boxes BOXES.json --out FOLDER

All runs must have started from the same weights, or their mean means nothing. `FOLDER` is a run like the others, with
the recipe of the first: 'hemascope evaluate' and 'export' take it. Its norms see training images again.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from hemascope.errors import ModelError
from hemascope.export.continued import Origin, start_from
from hemascope.training.checkpoint import FILE_NAME, Checkpoint, checkpoint_recipe, load_checkpoint, save_checkpoint
from hemascope.training.classification import classification_task
from hemascope.training.recipe import ClassificationRecipe


def mean_weights(runs: list[Checkpoint]) -> dict[str, Tensor]:
    """Of the averaged weights of `runs`; whole numbers (counters of steps) are the first run's."""
    first = runs[0].average
    return {
        name: torch.stack([run.average[name] for run in runs]).mean(dim=0) if value.is_floating_point() else value
        for name, value in first.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--boxes", type=Path, help="output of 'hemascope detect' over the same images")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    runs = [load_checkpoint(folder / FILE_NAME) for folder in arguments.runs]
    started = {run.initial_run for run in runs}
    if len(started) > 1 or None in started:
        raise ModelError(f"the runs started from {sorted(map(str, started))}; give runs that started from one model")
    recipe = checkpoint_recipe(runs[0], arguments.runs[0])
    assert isinstance(recipe, ClassificationRecipe)
    arguments.out.mkdir(parents=True, exist_ok=True)
    task = classification_task(recipe, arguments.data, arguments.boxes, arguments.out / "fingerprints.json")
    task.model.load_state_dict(mean_weights(runs))
    start_from(task, Origin("the mean", task.model, runs[0].classes, is_rebuilt=True, recipe={}))
    weights = task.model.state_dict()
    seconds = sum(run.seconds for run in runs)
    save_checkpoint(replace(runs[0], model=weights, average=weights, seconds=seconds), arguments.out / FILE_NAME)


if __name__ == "__main__":
    main()
