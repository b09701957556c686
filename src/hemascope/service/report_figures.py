"""The single numbers that stand beside a differential table."""

from collections.abc import Collection
from dataclasses import dataclass

from hemascope.hematology.differential import Differential, Ratio, Share
from hemascope.hematology.taxonomy import coarse_class
from hemascope.service.texts import Texts


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str
    detail: str


def figures(counted: Differential, known_classes: Collection[str], texts: Texts) -> tuple[Figure, ...]:
    """Blast figures only where the classifier knows a blast class: a zero it could not but give would mislead."""
    knows_blasts = any(coarse_class(class_id) == "blast" for class_id in known_classes)
    found = [Figure(texts.say(f"denominator_{counted.specimen}"), str(counted.denominator), "")]
    if counted.blood:
        found.append(_from_ratio(texts.say("figure_nrbc"), counted.blood.nrbc_per_100_wbc))
        if "smudge_cell" in known_classes:
            found.append(_from_ratio(texts.say("figure_smudge"), counted.blood.smudge_per_100_wbc))
    if counted.marrow:
        found.append(_from_ratio(texts.say("figure_me"), counted.marrow.myeloid_to_erythroid))
        found.append(Figure(texts.say("figure_nec"), str(counted.marrow.nec), ""))
        found.append(_from_share(texts.say("figure_erythroblasts"), counted.marrow.erythroblasts))
        if knows_blasts:
            found.append(_from_share(texts.say("figure_blasts_of_nec"), counted.marrow.blasts_of_nec))
    if knows_blasts:
        found.append(_from_share(texts.say("figure_blasts"), counted.blasts))
    found.append(_from_share(texts.say("figure_unidentified"), counted.unidentified))
    return tuple(found)


def _from_share(label: str, share: Share) -> Figure:
    if share.percent is None:
        return Figure(label, "–", f"{share.count} / {share.of}")
    limits = f"{share.percent_low:.1f}–{share.percent_high:.1f} %"
    return Figure(label, f"{share.percent:.1f} %", f"{share.count} / {share.of} ({limits})")


def _from_ratio(label: str, ratio: Ratio) -> Figure:
    value = "–" if ratio.value is None else f"{ratio.value:.1f}"
    return Figure(label, value, f"{ratio.numerator} / {ratio.denominator}")
