"""One classifier from several runs of one network: the mean of their weights (Wortsman et al. 2022, "Model soups").

python tools/average_runs.py RUN RUN ... --start BUNDLE --share 0.2 --data PATH/pbc --boxes BOXES.json --out FOLDER

All runs must have started from `BUNDLE`, or their mean means nothing; `--share` of it is mixed in (Wortsman et al.
2022, "Robust fine-tuning of zero-shot models"). `FOLDER` is a run like the others, with the recipe of the first:
'hemascope export' takes it. Its norms see training images again.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from hemascope.errors import ModelError
from hemascope.export.continued import Origin, origin_of_bundle, start_from
from hemascope.inference.bundle import load_bundle
from hemascope.training.checkpoint import FILE_NAME, Checkpoint, checkpoint_recipe, load_checkpoint, save_checkpoint
from hemascope.training.classification import classification_task
from hemascope.training.recipe import ClassificationRecipe


def mixed_weights(start: dict[str, Tensor], runs: list[Checkpoint], share: float) -> dict[str, Tensor]:
    """`share` of the start and the rest of the mean of the runs' averages; counters of steps are the start's."""
    mixed = dict(start)
    for name, value in start.items():
        if value.is_floating_point():
            mean = torch.stack([run.average[name] for run in runs]).mean(dim=0)
            mixed[name] = share * value + (1 - share) * mean
    return mixed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--start", type=Path, required=True, help="folder of the bundle that all runs started from")
    parser.add_argument("--share", type=float, default=0.0, help="of the start in the mean, 0 to 1")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--boxes", type=Path, help="output of 'hemascope detect' over the same images")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    runs = [load_checkpoint(folder / FILE_NAME) for folder in arguments.runs]
    start = origin_of_bundle(load_bundle(arguments.start))
    others = {run.initial_run for run in runs} - {start.id}
    if others:
        raise ModelError(f"there are runs that started from {sorted(map(str, others))}, not from {start.id}")
    recipe = checkpoint_recipe(runs[0], arguments.runs[0])
    assert isinstance(recipe, ClassificationRecipe)
    arguments.out.mkdir(parents=True, exist_ok=True)
    task = classification_task(recipe, arguments.data, arguments.boxes, arguments.out / "fingerprints.json")
    start_from(task, start)
    task.model.load_state_dict(mixed_weights(task.model.state_dict(), runs, arguments.share))
    start_from(task, Origin("the mean", task.model, runs[0].classes, is_rebuilt=True, recipe={}))
    weights = task.model.state_dict()
    seconds = sum(run.seconds for run in runs)
    save_checkpoint(replace(runs[0], model=weights, average=weights, seconds=seconds), arguments.out / FILE_NAME)


if __name__ == "__main__":
    main()
