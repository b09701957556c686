"""The tables of docs/training.md, made from the recipe's fields so that the page cannot drift from them.

`tools/update_training_page.py` writes them; a test compares.
"""

import re

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hemascope.training import recipe

_PARTS: tuple[type[BaseModel], ...] = (
    recipe.DetectionRecipe,
    recipe.ClassificationRecipe,
    recipe.ModelChoice,
    recipe.FieldData,
    recipe.CellData,
    recipe.CoarseCells,
    recipe.Balance,
    recipe.Optimisation,
    recipe.DetectionAugmentation,
    recipe.DenseLoss,
    recipe.MaxIouAssignment,
    recipe.AtssAssignment,
    recipe.PaaAssignment,
    recipe.OtaAssignment,
    recipe.ClassificationAugmentation,
    recipe.ClassificationLoss,
)


def fill_page(page: str) -> str:
    """`page` with each block `<!-- table: ClassName -->` ... `<!-- end -->` replaced; KeyError for an unknown name."""
    tables = {part.__name__: _table(part) for part in _PARTS}
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda block: block[1] + tables[block[2]] + block[3],
        page,
        flags=re.DOTALL,
    )


def _table(part: type[BaseModel]) -> str:
    rows = [f"| `{name}` | {_default(field)} | {field.description} |\n" for name, field in part.model_fields.items()]
    return "| Key | Default | Meaning |\n| --- | --- | --- |\n" + "".join(rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.default
    if isinstance(default, BaseModel):
        return "see below"
    return f"`{list(default) if isinstance(default, tuple) else default}`"
