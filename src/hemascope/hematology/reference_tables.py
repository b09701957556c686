"""The tables of docs/hematology.md, made from the code so that the page cannot drift from it.

`tools/update_hematology_page.py` writes them; a test compares.
"""

import re
from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from hemascope.hematology.classification.conditions import ConditionResult, Facts, Truth
from hemascope.hematology.classification.context import ClinicalContext
from hemascope.hematology.classification.disputes import DISPUTES
from hemascope.hematology.classification.fab import fab_mds_rules, fab_rules
from hemascope.hematology.classification.icc2022 import ICC_2022_NOTES, ICC_2022_RULES
from hemascope.hematology.classification.quantities import Quantities, Quantity, parts
from hemascope.hematology.classification.rules import RuleTable, run_rule
from hemascope.hematology.classification.texts import say
from hemascope.hematology.classification.who2022 import WHO_2022_NOTES, WHO_2022_RULES
from hemascope.hematology.classification.wording import worded_question
from hemascope.hematology.codes import PANEL_GROUNDS
from hemascope.hematology.dataset_labels import DATASET_LABELS
from hemascope.hematology.differential import Specimen
from hemascope.hematology.leucocytes import BloodSettings
from hemascope.hematology.settings import ClassificationSettings, DifferentialSettings, Ground
from hemascope.hematology.taxonomy import TAXONOMY

_DEFAULTS = ClassificationSettings()


def fill_page(page: str) -> str:
    """`page` with each block `<!-- table: name -->` ... `<!-- end -->` replaced; KeyError for an unknown name."""
    tables = {
        "classes": _classes(),
        "settings": _settings(DifferentialSettings),
        "classification_settings": _settings(ClassificationSettings),
        "blood_settings": _settings(BloodSettings),
        "datasets": _datasets(),
        "shares": _shares(),
        "fab": _rules(fab_rules(_DEFAULTS)),
        "fab_mds": _rules(fab_mds_rules(_DEFAULTS)),
        "who2022": _rules((*WHO_2022_RULES, *WHO_2022_NOTES)),
        "icc2022": _rules((*ICC_2022_RULES, *ICC_2022_NOTES)),
        "disputes": _disputes(),
        "context": _context(),
        "codes": _codes(),
    }
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda block: block[1] + tables[block[2]] + block[3],
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


def _settings(model: type[BaseModel]) -> str:
    rows = []
    for name, field in model.model_fields.items():
        ground = next((item for item in field.metadata if isinstance(item, Ground)), None)
        if ground:  # a field without is made of settings itself
            rows.append((f"`{name}`", field.description or "", f"`{field.default}`", f"[{ground.mark}]", ground.source))
    return _markdown(("Setting", "Meaning", "Default", "Mark", "Source"), rows)


def _shares() -> str:
    rows = []
    for quantity in Quantity:
        if quantity in (Quantity.BLOOD_BLASTS, Quantity.RING_SIDEROBLASTS):
            continue  # given in the context as counts
        numerator, denominator = parts(quantity, _DEFAULTS)
        of = "ANC" if quantity.endswith("anc") else "NEC" if quantity.endswith("nec") else _class_list(denominator)
        rows.append((say(quantity, "en"), _class_list(numerator), of))
    return _markdown(("Share", "Cells counted", "Of"), rows)


def _class_list(class_ids: Iterable[str]) -> str:
    wanted = frozenset(class_ids)
    return ", ".join(f"`{class_id}`" for class_id in TAXONOMY if class_id in wanted)


def _rules(table: RuleTable) -> str:
    """Asked of a case of which nothing is known, a rule shows its questions and what it takes for granted."""
    nothing = ClinicalContext()
    facts = Facts(Quantities({}, Specimen.PERIPHERAL_BLOOD, nothing, _DEFAULTS), nothing)
    rows = []
    for rule in table:
        result = run_rule(rule, facts)
        questions = "; ".join(_question(condition) for condition in result.conditions)
        rows.append((f"`{rule.id}`", say(rule.outcome, "en"), questions, f"[{result.mark}]", result.source))
    return _markdown(("Rule", "Suggestion", "If all of", "Mark", "Source"), rows)


def _question(result: ConditionResult) -> str:
    text = worded_question(result, "en").replace("|", "or")
    taken = " (*)" if result.assumed and result.truth is Truth.MET else ""
    return text + taken


def _disputes() -> str:
    rows = (
        (f"`{one.setting}`", one.system.upper(), " / ".join(f"`{value}`" for value in one.values)) for one in DISPUTES
    )
    return _markdown(("Setting", "System", "Values"), rows)


def _context() -> str:
    rows = ((f"`{name}`", _kind(field.annotation)) for name, field in ClinicalContext.model_fields.items())
    return _markdown(("Entry", "Kind"), rows)


def _kind(annotation: object) -> str:
    text = str(annotation)
    kinds = {"CountOf": "`{count, of}`", "Lesion": "list of findings", "Lymphoblast": "object", "bool": "true or false"}
    return next((kind for part, kind in kinds.items() if part in text), "number")


def _codes() -> str:
    rows = ((f"`{code}`", f"[{ground.mark}]", ground.source) for code, ground in PANEL_GROUNDS.items())
    return _markdown(("LOINC", "Mark", "Source"), rows)


def _datasets() -> str:
    rows = (
        (f"`{dataset}`", ", ".join(f"{label}: {class_id}" for label, class_id in labels.items()))
        for dataset, labels in DATASET_LABELS.items()
    )
    return _markdown(("Dataset", "Label: class"), rows)


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
