"""What FAB, WHO 2022 and ICC 2022 make of an analysis, for its report."""

from hemascope.hematology.classification.context import ClinicalContext
from hemascope.hematology.classification.suggest import suggest
from hemascope.hematology.classification.wording import WordedSuggestions, worded
from hemascope.hematology.settings import ClassificationSettings
from hemascope.hematology.taxonomy import TAXONOMY, Language
from hemascope.service.summary import AnalysisSummary

_UNREVIEWED = ClinicalContext(reviewed=False)  # an analysis knows nothing but its cells, and no person has seen them


def worded_suggestions(summary: AnalysisSummary, language: Language) -> WordedSuggestions:
    """Withheld by rule X1 as long as nobody has reviewed the cells; an urgent alert is given all the same."""
    counted = summary.differential
    known = [name for model in summary.models if model.task == "classification" for name in model.classes]
    found = suggest(
        summary.cells.counted,
        counted.specimen,
        _UNREVIEWED,
        ClassificationSettings(counting=counted.settings),
        model_classes=[class_id for class_id in known if class_id in TAXONOMY],
    )
    return worded(found, language)
