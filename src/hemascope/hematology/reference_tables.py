"""The tables of docs/hematology.md, made from the code so that the page cannot drift from it.

`tools/update_hematology_page.py` writes them; a test compares.
"""

import re
from collections.abc import Iterable, Sequence

from hemascope.hematology.dataset_labels import DATASET_LABELS
from hemascope.hematology.settings import DifferentialSettings, Ground
from hemascope.hematology.taxonomy import TAXONOMY


def fill_page(page: str) -> str:
    """`page` with each block `<!-- table: name -->` ... `<!-- end -->` replaced; KeyError for an unknown name."""
    tables = {"classes": _classes, "settings": _settings, "datasets": _datasets}
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda block: block[1] + tables[block[2]]() + block[3],
        page,
        flags=re.DOTALL,
    )


def _classes() -> str:
    counts = ("Blood 100", "Marrow NDC", "Per 100 WBC")
    header = ("Id", "English", "Chinese", "Lineage", "Stage", "Kind of", *counts, "LOINC", "Colour", "Key")
    rows = (
        (
            f"`{cell.id}`",
            cell.name_en,
            cell.name_zh,
            cell.lineage,
            str(cell.maturation or ""),
            f"`{cell.parent}`" if cell.parent else "",
            *("yes" if flag else "" for flag in (cell.in_pb_100, cell.in_marrow_ndc, cell.per_100_wbc)),
            cell.loinc or "",
            f"`{cell.colour}`",
            f"`{cell.key}`",
        )
        for cell in TAXONOMY.values()
    )
    return _markdown(header, rows)


def _settings() -> str:
    rows = []
    for name, field in DifferentialSettings.model_fields.items():
        ground = next(item for item in field.metadata if isinstance(item, Ground))
        rows.append((f"`{name}`", field.description or "", f"`{field.default}`", f"[{ground.mark}]", ground.source))
    return _markdown(("Setting", "Meaning", "Default", "Mark", "Source"), rows)


def _datasets() -> str:
    rows = (
        (f"`{dataset}`", ", ".join(f"{label}: {class_id}" for label, class_id in labels.items()))
        for dataset, labels in DATASET_LABELS.items()
    )
    return _markdown(("Dataset", "Label: class"), rows)


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
