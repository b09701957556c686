"""Which network a recipe trains, on which images."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from hemascope.data.detected_boxes import CellBox
from hemascope.training.recipe.values import Frozen, Positive


class ModelChoice(Frozen):
    name: str
    """a name of the registry, see hemascope.models"""
    options: dict[str, Any] = Field({})
    """keyword arguments of its builder"""


class DataChoice(Frozen):
    """What both tasks say about their images."""

    reader: str
    """a reader of hemascope.data.readers"""
    train_split: str = "train"
    """part that is trained on"""
    val_split: str = "val"
    """part that is measured while training and that export reads its thresholds off"""
    cache_px: Positive
    """images are kept in memory, shrunk to this longest side where they are larger"""
    allow_leaks: bool = False
    """train even where copies of an image, or images of one group, lie in two parts: figures will flatter"""


class FieldData(DataChoice):
    """Data of a detector."""

    classes: tuple[str, ...] | None = None
    """the only classes that are learned and measured, in this order; all of the dataset's by default"""
    train_fields: Positive | None = None
    """train on so many images only, taken evenly from the training part; all by default"""
    painted_fields: Annotated[int, Field(ge=0)] = 0
    """fields of hemascope.synth added to the training part, painted with the recipe's seed"""


class Balance(Frozen):
    """How unequal classes of the training part are made more alike; by default not at all."""

    class_weights: bool = False
    """weight each class in the loss by one over its frequency, mean 1"""
    at_most: Positive | None = None
    """images a class: of a larger one so many are drawn by the seed (undersampling)"""
    at_least: Positive | None = None
    """images a class: those of a smaller one are repeated, each about as often, up to this (oversampling)"""
    repeat: Positive = 1
    """how often the images of the classes up to `repeat_up_to` come in an epoch, each time augmented anew"""
    repeat_up_to: Positive | None = None
    """largest class that is repeated; all by default"""


class CoarseCells(Frozen):
    """Cells of another dataset whose labels say less than the classes of the first."""

    reader: str
    """a reader of hemascope.data.readers: of fields it takes the boxes, of single cells the pictures (`--boxes`)"""
    folder: str
    """its folder, relative to that of the first dataset"""
    labels: Annotated[dict[str, Annotated[tuple[str, ...], Field(min_length=1)]], Field(min_length=1)]
    """label there: the classes that such a cell may be; cells of other labels are left out"""
    split: str = "all"
    """part of that dataset"""
    check_split: str | None = None
    """part that is not trained on: export sets the feature check so that most of its cells pass"""
    cell_box: CellBox = "largest"
    """which box of a single-cell picture shows its cell"""
    leave_out: tuple[str, ...] = ()
    """sources that are left out, because they share pictures with the first dataset"""
    at_most: Positive | None = None
    """cells a label, drawn by the recipe's seed; all by default"""


class CellData(DataChoice):
    """Data of a classifier; parts are those of the dataset, of a split file, or folds."""

    split_file: str | None = None
    """table of 'hemascope data split' in the dataset's folder that says the part of each image"""
    cell_box: CellBox = "central"
    """where boxes of a detector are given (--boxes): which of an image's boxes shows its cell"""
    first_classes: tuple[str, ...] = ()
    """classes that the network names first, in this order, whether or not the data has them"""
    folds: Annotated[int, Field(ge=2)] | None = None
    """divide all images by group into so many folds, with classes as alike as groups allow; no `split_file` then"""
    fold: Annotated[int, Field(ge=0)] | None = None
    """number of the fold, from 0, that is measured and not trained on; a study without it trains all folds"""
    fold_seed: Annotated[int, Field(ge=0)] = 0
    """of the division into folds: apart from the recipe's seed, so that seeds are compared on the same folds"""
    copies: Literal["near", "turned"] = "near"
    """folds: what is kept together besides groups: near copies, or, instead of groups, all pictures of what looks like
    one cell at any angle (sets enlarged before they were published)"""
    coarse: tuple[CoarseCells, ...] = ()
    """cells of other laboratories with coarser labels that are learned from, too; never measured on"""
    drop_below: Positive = 1
    """leave out classes with fewer images than this, in all parts"""
    keep_at_most: Positive | None = None
    """images a class in all parts together: of a larger class so many are drawn by `fold_seed`; all by default"""
    balance: Balance = Balance()
    """what is done about unequal classes of the training part"""

    @property
    def measured_part(self) -> str:
        """What the measured part is called."""
        return self.val_split if self.folds is None else f"fold {self.fold} of {self.folds}"

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.folds is None and self.fold is not None:
            raise ValueError(f"fold is {self.fold}, but `folds` says not how many there are")
        if self.folds is not None and self.fold is not None and self.fold >= self.folds:
            raise ValueError(f"fold is {self.fold}: expected 0 to {self.folds - 1}")
        if self.folds is not None and self.split_file is not None:
            raise ValueError("folds and split_file exclude each other")
        return self
