"""How many labels does each order of labelling save? Labels of a known dataset are hidden and revealed on request.

OPENBLAS_NUM_THREADS=1 python tools/simulate_active_learning.py --data PATH --out results/active-learning

PATH holds the folders `pbc` and `apl-aml`. Cells are the embeddings of a shipped classifier, which stay as they are;
what learns is a linear softmax head. README.md in the results says what that shows and what it does not.
"""

import argparse
import csv
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from multiprocessing import Pool
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize

from hemascope.core.active_learning import UNCERTAINTIES, disagreement, k_center_greedy, pick_diverse, unit_rows
from hemascope.core.boxes import FloatArray, IntArray
from hemascope.core.metrics.calibration import softmax
from hemascope.core.metrics.classification import accuracy, confusion_matrix, macro_f1
from hemascope.imaging.crop import centre_zoom
from hemascope.imaging.decode import decode_image
from hemascope.imaging.normalise import normalise_batch
from hemascope.imaging.resize import resize_rgb
from hemascope.inference.bundle import load_bundle
from hemascope.inference.session import open_session
from hemascope.service.registry import find_bundle_folder

mpl.use("Agg")  # files only, no window
from matplotlib import pyplot as plt

BUNDLE = "classifier-light"
TURNS = 4
START, STEP = 50, 50
HEAD_STRENGTH = 0.1  # weight of the likelihood against half the squared weights
HEAD_ITERATIONS = 60  # the head of the round before is the start
TEST_SHARE = 0.4  # of the patients
MIN_CELLS_A_CLASS = 5  # in the pool and in the test part


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cells take part, how far the labels go, and at which counts of random labels savings are read off."""

    split: str | None
    group_column: str | None  # cells of one group are never parted
    max_labels: int
    read_off_at: tuple[int, ...]


PLANS = {
    "apl-aml": Plan(None, "patient", 1500, (300, 500, 750, 1000)),
    "pbc": Plan("val", None, 800, (200, 300, 400, 600)),
}


@dataclass(frozen=True, slots=True)
class Cells:
    """Embeddings `(turns, n, dimensions)`, class indices `(n,)` and group indices `(n,)`."""

    features: FloatArray
    labels: IntArray
    groups: IntArray

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1


@dataclass(frozen=True, slots=True)
class Point:
    dataset: str
    strategy: str
    seed: int
    labels: int
    macro_f1: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Saving:
    """Fewer labels than random needs for what it reaches with `random_labels`, seed by seed (same split and start)."""

    dataset: str
    strategy: str
    random_labels: int
    random_macro_f1: float  # mean over the seeds
    saved_on_mean_curves: int  # the mean over the seeds first, then the labels at equal height
    saved_median: int  # seed by seed
    saved_low: int  # quartiles
    saved_high: int
    seeds: int
    seeds_that_saved: int
    seeds_never_reached: int  # the strategy did not get there; its labels count as one round more than were given
    macro_f1_gain_mean: float  # at `random_labels`
    macro_f1_gain_sd: float


@dataclass(frozen=True, slots=True)
class View:
    """What a strategy may look at: never a hidden label. Rows of the pool; `is_labelled` `(n,)`."""

    unit: FloatArray  # (n, dimensions)
    members: FloatArray  # (turns, n, classes) probabilities of the present head
    is_labelled: NDArray[np.bool_]
    rng: np.random.Generator


Strategy = Callable[[View, IntArray, int], IntArray]  # free rows and how many of them; gives positions in the free rows


def _random(view: View, free: IntArray, budget: int) -> IntArray:
    return view.rng.permutation(len(free))[:budget]


def _coreset(view: View, free: IntArray, budget: int) -> IntArray:
    return k_center_greedy(view.unit[free], budget, covered=view.unit[view.is_labelled])


def _scores(name: str, view: View, free: IntArray) -> NDArray[np.float64]:
    if name == "disagreement":
        return disagreement(view.members[:, free])
    return UNCERTAINTIES[name](view.members[0, free])


def _plain(name: str) -> Strategy:
    def pick(view: View, free: IntArray, budget: int) -> IntArray:
        return np.argsort(-_scores(name, view, free), kind="stable")[:budget]

    return pick


def _spread(name: str) -> Strategy:
    def pick(view: View, free: IntArray, budget: int) -> IntArray:
        covered = view.unit[view.is_labelled]
        return pick_diverse(_scores(name, view, free), view.unit[free], budget, covered=covered)

    return pick


_UNCERTAIN = (*UNCERTAINTIES, "disagreement")
STRATEGIES: dict[str, Strategy] = {
    "random": _random,
    "coreset": _coreset,
    **{name: _plain(name) for name in _UNCERTAIN},
    **{f"{name} + spread": _spread(name) for name in _UNCERTAIN},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="Folder where embeddings are kept between runs.")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    points: list[Point] = []
    savings: list[Saving] = []
    for dataset, plan in PLANS.items():
        cells = read_cells(options.data / dataset, plan, options.cache)
        jobs = [(dataset, plan, cells, seed) for seed in range(options.seeds)]
        with Pool(options.workers) as pool:
            new = [point for run in pool.imap(simulate, jobs) for point in run]
        points += new
        savings += labels_saved(dataset, new, plan.read_off_at)
        draw_curves(dataset, new, options.out / f"{dataset}.png")
        write_table(options.out / "curves.csv", points)
        write_table(options.out / "summary.csv", savings)


def read_cells(root: Path, plan: Plan, cache: Path | None) -> Cells:
    """The rows of `manifest.csv` that take part; embeddings come from `cache` where they are there already."""
    with (root / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if plan.split in (None, row.get("split"))]
    kept = None if cache is None else cache / f"{root.name}-{BUNDLE}.npy"
    if kept is not None and kept.exists():
        features = np.load(kept)
    else:
        features = embed([root / row["file"] for row in rows])
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, features)
    labels = np.unique([row["label"] for row in rows], return_inverse=True)[1]
    groups = np.unique([row[plan.group_column or "file"] for row in rows], return_inverse=True)[1]
    return Cells(features, labels.astype(np.int64), groups.astype(np.int64))


def embed(paths: list[Path]) -> FloatArray:
    """Embeddings `(turns, n, dimensions)` of single-cell pictures in four quarter turns."""
    bundle = load_bundle(find_bundle_folder(BUNDLE))
    session = open_session(bundle)
    preprocessing, settings = bundle.manifest.preprocessing, bundle.manifest.classification
    assert settings is not None
    parts = []
    for start in range(0, len(paths), 32):
        images = [decode_image(path.read_bytes()) for path in paths[start : start + 32]]
        crops = [centre_zoom(image, settings.whole_image_zoom) for image in images]
        crops = [resize_rgb(crop, preprocessing.input_size, preprocessing.input_size) for crop in crops]
        turned = [
            normalise_batch([np.rot90(crop, turn) for crop in crops], preprocessing.mean, preprocessing.std)
            for turn in range(TURNS)
        ]
        parts.append(np.stack([session.run(batch)[1] for batch in turned]))
    return np.concatenate(parts, axis=1)


def simulate(job: tuple[str, Plan, Cells, int]) -> list[Point]:
    """Every strategy on one split and one random start."""
    dataset, plan, cells, seed = job
    rng = np.random.default_rng(seed)
    is_test = draw_test_part(cells, plan, rng)
    start = rng.permutation(int((~is_test).sum()))[:START]
    return [
        Point(dataset, name, seed, labels, round(f1, 5), round(right, 5))
        for name, strategy in STRATEGIES.items()
        for labels, f1, right in learn(cells, is_test, start, strategy, plan.max_labels, np.random.default_rng(seed))
    ]


def draw_test_part(cells: Cells, plan: Plan, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Whole groups at random, half of the cells where there are no groups, until both parts have every class."""
    names = np.unique(cells.groups)
    share = TEST_SHARE if plan.group_column else 0.5
    while True:
        is_test = np.isin(cells.groups, rng.permutation(names)[: round(share * len(names))])
        counts = [np.bincount(cells.labels[part], minlength=cells.classes).min() for part in (is_test, ~is_test)]
        if min(counts) >= MIN_CELLS_A_CLASS:
            return is_test


def learn(
    cells: Cells,
    is_test: NDArray[np.bool_],
    start: IntArray,
    strategy: Strategy,
    max_labels: int,
    rng: np.random.Generator,
) -> Iterator[tuple[int, float, float]]:
    """Number of labels, macro-F1 and accuracy on the test part, round by round."""
    pool = cells.features[:, ~is_test].astype(np.float64)
    mean, deviation = pool[0].mean(axis=0), pool[0].std(axis=0) + 1e-6
    pool_inputs, test_inputs = (pool - mean) / deviation, (cells.features[0, is_test] - mean) / deviation
    hidden, truth = cells.labels[~is_test], cells.labels[is_test]
    unit = unit_rows(pool[0])
    is_labelled = np.zeros(len(hidden), bool)
    is_labelled[start] = True
    weights = np.zeros((pool.shape[2] + 1, cells.classes))
    while True:
        weights = fit_head(pool_inputs[0, is_labelled], hidden[is_labelled], weights)
        predicted = logits_of(test_inputs, weights).argmax(axis=1)
        confusion = confusion_matrix(truth, predicted, cells.classes)
        labels = int(is_labelled.sum())
        yield labels, macro_f1(confusion), accuracy(confusion)
        if labels + STEP > min(max_labels, len(hidden)):
            return
        members = np.stack([softmax(logits_of(inputs, weights)) for inputs in pool_inputs])
        free = np.flatnonzero(~is_labelled)
        is_labelled[free[strategy(View(unit, members, is_labelled, rng), free, STEP)]] = True


def fit_head(inputs: FloatArray, labels: IntArray, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights `(dimensions + 1, classes)` of a softmax head, the last row the biases, from L-BFGS."""
    truth = np.eye(start.shape[1])[labels]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(start.shape)
        probabilities = softmax(logits_of(inputs, weights))
        likelihood = np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-300)).sum()
        error = HEAD_STRENGTH * (probabilities - truth)
        gradient = np.concatenate([inputs.T @ error + weights[:-1], error.sum(axis=0, keepdims=True)])
        return 0.5 * float((weights[:-1] ** 2).sum()) - HEAD_STRENGTH * float(likelihood), gradient.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": HEAD_ITERATIONS})
    weights: NDArray[np.float64] = found.x.reshape(start.shape)
    return weights


def logits_of(inputs: FloatArray, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    logits: NDArray[np.float64] = inputs @ weights[:-1] + weights[-1]
    return logits


def labels_saved(dataset: str, points: list[Point], read_off_at: tuple[int, ...]) -> list[Saving]:
    """Each strategy beside random at equal macro-F1; curves are made rising by isotonic regression first."""
    seeds = sorted({point.seed for point in points})
    labels = np.array(sorted({point.labels for point in points}))
    curves = {name: np.stack([_curve(points, name, seed) for seed in seeds]) for name in STRATEGIES}
    rising = {name: [isotonic_regression(curve).x for curve in curves[name]] for name in STRATEGIES}
    means = {name: isotonic_regression(curve.mean(axis=0)).x for name, curve in curves.items()}
    savings = []
    for at in read_off_at:
        column = int(np.flatnonzero(labels == at)[0])
        targets = [curve[column] for curve in rising["random"]]
        needed = {
            name: np.array([_labels_for(target, labels, c) for target, c in zip(targets, rising[name], strict=True)])
            for name in STRATEGIES
        }
        for name in STRATEGIES:
            saved = needed["random"] - needed[name]
            on_means = [_labels_for(means["random"][column], labels, means[one]) for one in ("random", name)]
            low, median, high = np.quantile(saved, [0.25, 0.5, 0.75])
            gain = curves[name][:, column] - curves["random"][:, column]
            savings.append(
                Saving(
                    dataset=dataset,
                    strategy=name,
                    random_labels=at,
                    random_macro_f1=round(float(curves["random"][:, column].mean()), 4),
                    saved_on_mean_curves=round(on_means[0] - on_means[1]),
                    saved_median=round(median),
                    saved_low=round(low),
                    saved_high=round(high),
                    seeds=len(seeds),
                    seeds_that_saved=int((saved > 0).sum()),
                    seeds_never_reached=int((needed[name] > labels[-1]).sum()),
                    macro_f1_gain_mean=round(float(gain.mean()), 4),
                    macro_f1_gain_sd=round(float(gain.std()), 4),
                )
            )
    return savings


def _curve(points: list[Point], strategy: str, seed: int) -> NDArray[np.float64]:
    return np.array([point.macro_f1 for point in points if (point.strategy, point.seed) == (strategy, seed)])


def _labels_for(target: float, labels: IntArray, rising: NDArray[np.float64]) -> float:
    """Where a rising curve reaches `target`, between the rounds by a straight line; a round later if it never does."""
    if rising[-1] < target:
        return float(labels[-1]) + STEP
    after = int(np.searchsorted(rising, target))
    if after == 0:
        return float(labels[0])
    before = after - 1
    return float(np.interp(target, rising[before : after + 1], labels[before : after + 1]))


def draw_curves(dataset: str, points: list[Point], path: Path) -> None:
    """Mean macro-F1 over the seeds, band: one standard error; without and with spread, random and coreset in both."""
    seeds = sorted({point.seed for point in points})
    labels = sorted({point.labels for point in points})
    figure, axes = plt.subplots(1, 2, figsize=(12, 5), sharey=True)
    panels = {"most uncertain first": _UNCERTAIN, "most uncertain, spread": [f"{name} + spread" for name in _UNCERTAIN]}
    for axis, (title, names) in zip(axes, panels.items(), strict=True):
        for number, name in enumerate(("random", "coreset", *names)):
            curves = np.stack([_curve(points, name, seed) for seed in seeds])
            mean, error = curves.mean(axis=0), curves.std(axis=0) / np.sqrt(len(seeds))
            colour = "black" if name == "random" else f"C{number - 1}"
            axis.plot(labels, mean, color=colour, linewidth=2 if name == "random" else 1.4, label=name)
            axis.fill_between(labels, mean - error, mean + error, color=colour, alpha=0.12, linewidth=0)
        axis.set(title=title, xlabel="labelled cells")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=9, loc="lower right")
    axes[0].set_ylabel("macro-F1 on held-out cells")
    figure.suptitle(f"{dataset}: linear head on fixed embeddings, {len(seeds)} seeds, band: standard error")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def write_table(path: Path, rows: list[Point] | list[Saving]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([field.name for field in fields(rows[0])])
        writer.writerows(astuple(row) for row in rows)


if __name__ == "__main__":
    main()
