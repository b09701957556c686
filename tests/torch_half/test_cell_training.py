"""What a classifier's recipe can ask for beyond plain cross-entropy on the dataset's own parts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from dataset_builders import classification_recipe, optimisation, write_pbc, write_table
from hemascope.data.readers import read_cells
from hemascope.errors import DatasetError, RecipeError
from hemascope.export.bundle import load_run
from hemascope.hematology.taxonomy import detection_class
from hemascope.imaging.crop import crop_window_xyxy, cut_square
from hemascope.imaging.input_steps import apply_steps
from hemascope.synth import PRESETS, paint_field
from hemascope.training.cell_inputs import CellInputs
from hemascope.training.cell_loss import CellLoss
from hemascope.training.cell_parts import read_parts
from hemascope.training.checkpoint import FILE_NAME, load_checkpoint
from hemascope.training.classification import classification_task, serving_crops
from hemascope.training.engine import TrainingTask, train
from hemascope.training.optimiser import make_optimiser
from hemascope.training.recipe import CellData, ClassificationAugmentation, ClassificationRecipe, Optimisation
from hemascope.training.recipe import parse_recipe as parse_any
from hemascope.training.schedule import lr_factor

PLAIN = {"colour": 0.0, "blur": 0.0, "mixup": 0.0, "label_smoothing": 0.0}
STILL = ClassificationAugmentation(shift=0, rotation=False, colour=0, blur=0, zoom=(0.9, 0.9))


def recipe_with(**changes: Any) -> ClassificationRecipe:
    recipe = parse_any(classification_recipe(augmentation=PLAIN) | changes, "test")
    assert isinstance(recipe, ClassificationRecipe)
    return recipe


def run(task: TrainingTask, recipe: ClassificationRecipe, folder: Path, **settings: Any) -> Path:
    folder.mkdir(exist_ok=True)
    train(task, recipe, folder, **({"resume": False, "progress": lambda *_: None} | settings))
    return folder


class Told(nn.Module):
    """Gives what it was told for every batch."""

    def __init__(self, logits: Tensor, features: Tensor) -> None:
        super().__init__()
        self.logits, self.features = logits, features

    def forward(self, _images: Tensor) -> tuple[Tensor, Tensor]:
        return self.logits, self.features


@pytest.fixture
def batch(rng: np.random.Generator) -> tuple[Told, tuple[Tensor, Tensor]]:
    logits, features = (torch.from_numpy(rng.normal(size=(6, n)).astype(np.float32)) for n in (3, 5))
    images = torch.zeros(6, 8, 8, 3, dtype=torch.uint8)
    return Told(logits, features), (images, torch.tensor([0, 0, 1, 1, 2, 2]))


def loss_of(counts: list[int], **changes: Any) -> CellLoss:
    torch.manual_seed(0)
    return CellLoss(recipe_with(**changes), np.array(counts), features=5)


def test_plain_loss_is_cross_entropy(batch: tuple[Told, tuple[Tensor, Tensor]]) -> None:
    network, (images, labels) = batch
    terms = loss_of([2, 2, 2])(network, (images, labels))
    assert list(terms) == ["total"]
    torch.testing.assert_close(terms["total"], functional.cross_entropy(network.logits, labels))


def test_class_weights_are_one_over_the_frequency(batch: tuple[Told, tuple[Tensor, Tensor]]) -> None:
    network, (images, labels) = batch
    data = {"reader": "pbc", "cache_px": 9, "balance": {"class_weights": True}}
    loss = loss_of([30, 10, 15], data=data)
    weights = torch.tensor([1 / 30, 1 / 10, 1 / 15]) * 3 / (1 / 30 + 1 / 10 + 1 / 15)
    torch.testing.assert_close(loss.class_weights, weights)
    rows = functional.cross_entropy(network.logits, labels, reduction="none") * weights[labels]
    torch.testing.assert_close(loss(network, (images, labels))["total"], rows.mean())
    with pytest.raises(DatasetError, match="class"):
        loss_of([3, 0, 1], data=data)


def test_feature_losses_are_added_with_their_weights(batch: tuple[Told, tuple[Tensor, Tensor]]) -> None:
    settings = {"kind": "poly_focal", "gamma": 1.5, "contrastive_weight": 0.5, "centre_triplet_weight": 0.1}
    loss = loss_of([2, 2, 2], loss=settings)
    terms = loss(*batch)
    assert list(terms) == ["total", "poly_focal", "contrastive", "centre_triplet"]
    expected = terms["poly_focal"] + 0.5 * terms["contrastive"] + 0.1 * terms["centre_triplet"]
    torch.testing.assert_close(terms["total"], expected)
    assert [p.shape for p in loss.parameters()] == [(3, 5)]


@pytest.mark.parametrize("key", ["contrastive_weight", "centre_triplet_weight"])
def test_feature_losses_refuse_blended_labels(key: str) -> None:
    with pytest.raises(RecipeError, match=r"augmentation.mixup is 0\.2: losses of the features need whole labels"):
        recipe_with(augmentation=PLAIN | {"mixup": 0.2}, loss={key: 0.1})


def test_learned_centres_move_are_kept_and_resumed_bit_for_bit(tmp_path: Path) -> None:
    root = write_pbc(tmp_path / "data", {"train": 1, "val": 1})
    recipe = recipe_with(
        optimisation=optimisation(epochs=2, batch_size=5, optimiser="sgd", schedule="steps", milestones=[1], lr=0.05),
        loss={"centre_triplet_weight": 1.0},
        input_steps=["stain_normalise"],
    )
    start = classification_task(recipe, root, None).loss_module.state_dict()["centre_triplet.centres"].clone()
    whole = run(classification_task(recipe, root, None), recipe, tmp_path / "whole")
    parts = run(classification_task(recipe, root, None), recipe, tmp_path / "parts", stop_after_epochs=1)
    run(classification_task(recipe, root, None), recipe, parts, resume=True)
    a, b = (load_checkpoint(folder / FILE_NAME) for folder in (whole, parts))
    assert all(torch.equal(a.model[name], b.model[name]) for name in a.model)
    assert torch.equal(a.loss["centre_triplet.centres"], b.loss["centre_triplet.centres"])
    assert not torch.equal(a.loss["centre_triplet.centres"], start)


def test_networks_are_told_when_an_epoch_begins(tmp_path: Path) -> None:
    class Listener(nn.Linear):
        def begin_epoch(self, epoch: int) -> None:
            heard.append(epoch)

    class Numbers:
        epoch = 0

        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Tensor:
            return torch.ones(2)

    heard: list[int] = []
    network = Listener(2, 1)
    task = TrainingTask(network, ("a", "b"), Numbers(), torch.stack, lambda n, x: {"total": n(x).sum()}, lambda _: {})
    recipe = recipe_with(optimisation=optimisation(epochs=3))
    run(task, recipe, tmp_path / "run", stop_after_epochs=2)
    run(task, recipe, tmp_path / "run", resume=True)
    assert heard == [0, 0, 1, 1, 2, 2]  # the network and its average


def test_optimisers_decay_kernels_only_and_never_centres() -> None:
    model, loss = nn.Linear(3, 2), nn.Linear(4, 4, bias=False)
    for name, kind in (("sgd", torch.optim.SGD), ("adamw", torch.optim.AdamW)):
        settings = Optimisation(epochs=1, batch_size=1, lr=0.1, optimiser=name, momentum=0.7, weight_decay=0.3)
        optimiser = make_optimiser(model, loss, settings)
        assert type(optimiser) is kind
        assert [(g["weight_decay"], len(g["params"])) for g in optimiser.param_groups] == [(0.3, 1), (0.0, 1), (0.0, 1)]
        assert optimiser.param_groups[0].get("momentum", 0.7) == 0.7


def test_rate_falls_at_each_milestone() -> None:
    settings = Optimisation(
        epochs=10, batch_size=1, lr=1, warmup_steps=2, schedule="steps", milestones=(4, 7), step_factor=0.1
    )
    factors = [lr_factor(step, 50, settings) for step in range(50)]
    assert factors[:3] == [0.5, 1.0, 1.0]
    assert (factors[19], factors[20], factors[34]) == (1.0, 0.1, 0.1)
    assert factors[35] == factors[49] == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimisation": optimisation(schedule="steps")}, "steps need them"),
        ({"optimisation": optimisation(milestones=[3])}, "schedule 'cosine' with the milestones"),
        ({"optimisation": optimisation(schedule="steps", milestones=[3, 3])}, "expected rising numbers"),
        ({"data": {"reader": "pbc", "cache_px": 9, "fold": 1}}, "`folds` says not how many"),
        ({"data": {"reader": "pbc", "cache_px": 9, "folds": 3, "fold": 3}}, "expected 0 to 2"),
        ({"data": {"reader": "pbc", "cache_px": 9, "folds": 3, "split_file": "s.csv"}}, "exclude each other"),
        ({"input_steps": ["whiten"]}, "input_steps.0: .*'adaptive_gamma'"),
    ],
)
def test_recipe_that_contradicts_itself_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe_with(**changes)


@pytest.mark.parametrize("steps", [["adaptive_gamma"], ["lab_kmeans"], ["lab_kmeans", "stain_normalise"]])
def test_training_and_serving_do_the_same_steps(tmp_path: Path, steps: list[str]) -> None:
    field = paint_field(PRESETS["peripheral-blood-lymphoblastic"], 1)
    rows = []
    white = [i for i, class_id in enumerate(field.class_ids) if detection_class(class_id) == "wbc"]
    for i in white:
        crop = cut_square(field.rgb, crop_window_xyxy(field.boxes_xyxy[i], 2.0))
        Image.fromarray(crop).save(tmp_path / f"{i}.png")
        rows.append((f"{i}.png", "white"))
    dataset = read_cells("table", write_table(tmp_path, ("file", "label"), rows), "all")
    recipe = recipe_with(input_steps=steps, whole_image_zoom=0.9)
    served = serving_crops(dataset, recipe, whole_image=True)
    inputs = CellInputs(dataset, 48, 72, STILL, seed=0, steps=recipe.input_steps)
    colours = [inputs[i][0].numpy().mean(axis=(0, 1)) - crop.mean(axis=(0, 1)) for i, crop in enumerate(served)]
    assert len(white) > 2
    assert np.abs(colours).max() < 5  # the steps change them by far more
    plain = serving_crops(dataset, recipe_with(whole_image_zoom=0.9), whole_image=True)
    np.testing.assert_array_equal(served[0], apply_steps(plain[0], recipe.input_steps))


def test_items_follow_the_places_and_differ_when_one_comes_twice(tmp_path: Path) -> None:
    dataset = read_cells("pbc", write_pbc(tmp_path, {"train": 1}), "train")
    inputs = CellInputs(dataset, 32, 72, ClassificationAugmentation(), 0, places=np.array([4, 4, 2]))
    assert [inputs[i][1] for i in range(len(inputs))] == [dataset.labels()[i] for i in (4, 4, 2)]
    assert not torch.equal(inputs[0][0], inputs[1][0])


@pytest.mark.parametrize("change", [{"stain": 1.0}, {"noise": 8.0}])
def test_stain_and_noise_change_colours_a_little(tmp_path: Path, change: dict[str, float]) -> None:
    dataset = read_cells("pbc", write_pbc(tmp_path, {"train": 1}), "train")
    still = CellInputs(dataset, 32, 72, STILL, 0)[0][0].int()
    varied = CellInputs(dataset, 32, 72, STILL.model_copy(update=change), 0)[0][0].int()
    assert 0 < (varied - still).abs().float().mean() < 40


def write_disc_table(root: Path, groups: int = 6) -> Path:
    """Two classes in groups of two look-alike pictures; other groups look different."""
    rng = np.random.default_rng(1)
    rows = []
    for number in range(groups):
        noise = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        for copy in range(2):
            file = f"{number}-{copy}.png"
            root.mkdir(exist_ok=True)
            Image.fromarray(noise).resize((64, 64)).save(root / file)
            rows.append((file, ("odd", "even")[number % 2], f"g{number}-{copy}"))
    return write_table(root, ("file", "label", "group"), rows)


def test_folds_keep_copies_together_even_where_the_table_does_not(tmp_path: Path) -> None:
    root = write_disc_table(tmp_path / "data")
    cache = tmp_path / "prints.json"
    measured = []
    for fold in range(3):
        parts = read_parts(CellData(reader="table", cache_px=64, folds=3, fold=fold), root, cache)
        names = [s.path.name for s in parts.val.samples]
        assert len(names) == 4
        assert {name.partition("-")[0] for name in names} == {s.group[1] for s in parts.val.samples}
        measured += names
    assert len(set(measured)) == 12
    assert cache.exists()


def test_leaking_split_file_is_refused_unless_the_recipe_says_so(tmp_path: Path) -> None:
    root = write_disc_table(tmp_path / "data")
    lines = [f"{n}-{c}.png,{('train', 'val')[c]},g{n}-{c}," for n in range(6) for c in range(2)]
    (root / "split.csv").write_text("\n".join(["file,split,group,label", *lines]))
    data = CellData(reader="table", cache_px=64, split_file="split.csv")
    with pytest.raises(DatasetError, match="'train' and 'val' are not apart: 6 pair"):
        read_parts(data, root, None)
    parts = read_parts(data.model_copy(update={"allow_leaks": True}), root, None)
    assert len(parts.train.samples) == len(parts.val.samples) == 6


def test_folds_without_a_fold_and_trimming_without_folds_are_refused(tmp_path: Path) -> None:
    root = write_disc_table(tmp_path / "data")
    with pytest.raises(RecipeError, match=r"data.folds is 3: say which one with data.fold"):
        read_parts(CellData(reader="table", cache_px=64, folds=3), root, None)
    pbc = write_pbc(tmp_path / "pbc", {"train": 1, "val": 1})
    with pytest.raises(RecipeError, match="drop_below and keep_at_most are for data divided"):
        read_parts(CellData(reader="pbc", cache_px=64, drop_below=2), pbc, None)


def test_checkpoint_of_a_classifier_that_names_a_detectors_data_keys_can_be_read(tmp_path: Path) -> None:
    root = write_pbc(tmp_path / "data", {"train": 1, "val": 1})
    recipe = recipe_with(optimisation=optimisation(epochs=1, batch_size=5))
    folder = run(classification_task(recipe, root, None), recipe, tmp_path / "run")
    content = torch.load(folder / FILE_NAME, weights_only=True)
    content["recipe"]["data"] |= {"classes": None, "train_fields": None, "painted_fields": 0}
    del content["loss"]
    torch.save(content, folder / FILE_NAME)
    assert load_run(folder).recipe == recipe
