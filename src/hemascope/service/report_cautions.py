"""Why a reader should be careful with an analysis, as sentences."""

from hemascope.hematology.differential import Differential, Specimen
from hemascope.hematology.taxonomy import cell_class, coarse_class
from hemascope.service.summary import AnalysisSummary
from hemascope.service.texts import Texts


def cautions(summary: AnalysisSummary, texts: Texts) -> tuple[str, ...]:
    """Gravest first; the two last ones (scope of the classifier, no review) always hold."""
    fields = summary.fields
    sentences = []
    if summary.interrupted:
        sentences.append(texts.say("caution_interrupted", analysed=fields.analysed, given=fields.given))
    if fields.unreadable:
        sentences.append(texts.say("caution_unreadable", count=fields.unreadable, given=fields.given))
    sentences += counting_cautions(summary.differential, texts)
    sentences += [
        texts.say(f"caution_{code}", count=count, given=fields.analysed) for code, count in summary.quality.items()
    ]
    classes = [name for model in summary.models if model.task == "classification" for name in model.classes]
    if not any(coarse_class(class_id) == "blast" for class_id in classes):
        names = ", ".join(cell_class(class_id).name(texts.language) for class_id in classes)
        sentences.append(texts.say("caution_scope", classes=names))
    return (*sentences, texts.say("caution_unreviewed"))


def counting_cautions(counted: Differential, texts: Texts) -> list[str]:
    settings = counted.settings
    is_blood = counted.specimen is Specimen.PERIPHERAL_BLOOD
    values: dict[str, str | int] = {
        "n": counted.denominator,
        "minimum": settings.min_cells_blood if is_blood else settings.min_cells_marrow,
        "recommended": settings.recommended_cells_blood,
        "percent": f"{counted.unidentified.percent or 0:.1f}",
        "limit": f"{settings.max_unidentified_percent:g}",
    }
    return [texts.say(f"caution_{code}", **values) for code in counted.warnings]
