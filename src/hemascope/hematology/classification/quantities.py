"""The shares the tables compare with cut-offs, as exact counts, and what a model cannot tell about them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hemascope.hematology.classification.context import ClinicalContext
from hemascope.hematology.differential import Specimen
from hemascope.hematology.settings import ClassificationSettings, M3Numerator, NecMode
from hemascope.hematology.taxonomy import TAXONOMY, CellClass, Lineage, coarse_class


class Quantity(StrEnum):
    """Numerator and denominator; those of blood and ring sideroblasts come from the context."""

    BLASTS_ANC = "blasts_of_anc"
    BLASTS_NEC = "blasts_of_nec"
    APL_CELLS_ANC = "apl_cells_of_anc"
    ABNORMAL_PROMYELOCYTES_ANC = "abnormal_promyelocytes_of_anc"
    LYMPHOBLASTS_ANC = "lymphoblasts_of_anc"
    MEGAKARYOBLASTS_ANC = "megakaryoblasts_of_anc"
    ERYTHROBLASTS_ANC = "erythroblasts_of_anc"
    IMMATURE_ERYTHROID_ANC = "immature_erythroid_of_anc"
    PROERYTHROBLASTS_ANC = "proerythroblasts_of_anc"
    GRANULOCYTIC_NEC = "granulocytic_of_nec"
    MONOCYTIC_NEC = "monocytic_of_nec"
    MATURING_NEC = "maturing_of_nec"
    ABNORMAL_EOSINOPHILS_NEC = "abnormal_eosinophils_of_nec"
    MONOBLASTS_MONOCYTIC = "monoblasts_of_monocytic"
    BLOOD_BLASTS = "blood_blasts"
    RING_SIDEROBLASTS = "ring_sideroblasts"


@dataclass(frozen=True, slots=True)
class Measured:
    """`low` and `high` differ where classes the model does not know may hide in the ones it gives."""

    low: int
    high: int
    of: int
    unknown_classes: tuple[str, ...] = ()  # why low and high differ

    @property
    def low_share(self) -> Fraction:
        return Fraction(self.low, self.of or 1)  # none of none is a share of zero

    @property
    def high_share(self) -> Fraction:
        return Fraction(self.high, self.of or 1)


def _ids(*kinds: str) -> frozenset[str]:
    return frozenset(class_id for class_id in TAXONOMY if coarse_class(class_id) in kinds)


ABNORMAL_PROMYELOCYTES = frozenset({"abnormal_promyelocyte", "faggot_cell"})
LYMPHOBLASTS = frozenset({"lymphoblast"})
BLASTS = _ids("blast") - LYMPHOBLASTS | {"promonocyte"}
"""Myeloid and unspecified blasts with their equivalent, the promonocyte; lymphoblasts are counted apart."""
_MONOCYTIC = frozenset({"monoblast", "promonocyte", "monocyte"})
_GRANULOCYTIC = frozenset(c.id for c in TAXONOMY.values() if c.lineage is Lineage.GRANULOCYTIC) - {"myeloblast"}
_ERYTHROBLASTS = _ids("erythroblast")
_LYMPHOID_AND_PLASMA = _ids("lymphocyte", "plasma_cell", "mast_cell")
_ANC = frozenset(cell.id for cell in TAXONOMY.values() if cell.in_marrow_ndc)
_LEUCOCYTES = frozenset(cell.id for cell in TAXONOMY.values() if cell.in_pb_100)

# Where cells of a class are found when a model does not know the class, beside the class it is a kind of.
_ALSO_HIDES_IN: Mapping[str, frozenset[str]] = {
    "lymphoblast": frozenset({"myeloblast", "immature_lymphocyte"}),
    "monoblast": frozenset({"myeloblast", "promonocyte", "monocyte"}),
    "promonocyte": frozenset({"monoblast", "monocyte", "blast", "myeloblast"}),
    "megakaryoblast": frozenset({"myeloblast"}),
}


def nec_classes(mode: NecMode) -> frozenset[str]:
    without_erythroid = _ANC - _ERYTHROBLASTS
    return without_erythroid - _LYMPHOID_AND_PLASMA if mode is NecMode.STRICT else without_erythroid


def parts(quantity: Quantity, settings: ClassificationSettings) -> tuple[frozenset[str], frozenset[str]]:
    """Class ids of numerator and denominator of a quantity that is counted in marrow."""
    nec = nec_classes(settings.counting.nec_mode)
    of_blasts = settings.m3_numerator is M3Numerator.BLASTS_AND_ABNORMAL
    return {
        Quantity.BLASTS_ANC: (BLASTS, _ANC),
        Quantity.BLASTS_NEC: (BLASTS, nec),
        Quantity.APL_CELLS_ANC: (ABNORMAL_PROMYELOCYTES | (BLASTS if of_blasts else frozenset()), _ANC),
        Quantity.ABNORMAL_PROMYELOCYTES_ANC: (ABNORMAL_PROMYELOCYTES, _ANC),
        Quantity.LYMPHOBLASTS_ANC: (LYMPHOBLASTS, _ANC),
        Quantity.MEGAKARYOBLASTS_ANC: (frozenset({"megakaryoblast"}), _ANC),
        Quantity.ERYTHROBLASTS_ANC: (_ERYTHROBLASTS, _ANC),
        Quantity.IMMATURE_ERYTHROID_ANC: (frozenset({"proerythroblast", "basophilic_erythroblast"}), _ANC),
        Quantity.PROERYTHROBLASTS_ANC: (frozenset({"proerythroblast"}), _ANC),
        Quantity.GRANULOCYTIC_NEC: (_GRANULOCYTIC, nec),
        Quantity.MONOCYTIC_NEC: (_MONOCYTIC, nec),
        Quantity.MATURING_NEC: (_GRANULOCYTIC | {"monocyte"}, nec),
        Quantity.ABNORMAL_EOSINOPHILS_NEC: (frozenset({"abnormal_eosinophil"}), nec),
        Quantity.MONOBLASTS_MONOCYTIC: (frozenset({"monoblast"}), _MONOCYTIC),
    }[quantity]


class Quantities:
    """Measures the quantities of one case.

    `model_classes`: the classes of the model that gave the counts; None when a person could give any class.
    """

    def __init__(
        self,
        counts: Mapping[str, int],
        specimen: Specimen,
        context: ClinicalContext,
        settings: ClassificationSettings,
        model_classes: Collection[str] | None = None,
    ) -> None:
        self.counts = counts
        self.specimen = specimen
        self._context = context
        self._settings = settings
        self._may_be = _possible_classes(model_classes, context)
        self._measured: dict[Quantity, Measured | None] = {}  # tables ask for the same few shares again and again

    def measure(self, quantity: Quantity) -> Measured | None:
        """None where neither the specimen nor the context gives it."""
        if quantity not in self._measured:
            self._measured[quantity] = self._measure(quantity)
        return self._measured[quantity]

    def _measure(self, quantity: Quantity) -> Measured | None:
        if quantity is Quantity.RING_SIDEROBLASTS:
            given = self._context.ring_sideroblasts
            return Measured(given.count, given.count, given.of) if given else None
        if quantity is Quantity.BLOOD_BLASTS:
            given = self._context.blood_blasts
            if self.specimen is not Specimen.PERIPHERAL_BLOOD:
                return Measured(given.count, given.count, given.of) if given else None
            return self._count(BLASTS, _LEUCOCYTES)
        if self.specimen is Specimen.PERIPHERAL_BLOOD:
            return None
        return self._count(*parts(quantity, self._settings))

    def _count(self, numerator: frozenset[str], denominator: frozenset[str]) -> Measured:
        low = high = of = 0
        unknown: set[str] = set()
        for class_id in denominator & self.counts.keys():
            possible = self._may_be[class_id]
            of += self.counts[class_id]
            low += self.counts[class_id] if possible <= numerator else 0
            high += self.counts[class_id] if possible & numerator else 0
            if self.counts[class_id] and possible & numerator and not possible <= numerator:
                unknown |= possible - numerator if class_id in numerator else possible & numerator
        in_table_order = tuple(class_id for class_id in TAXONOMY if class_id in unknown)
        return Measured(low, high, of, in_table_order)


def _possible_classes(model_classes: Collection[str] | None, context: ClinicalContext) -> dict[str, frozenset[str]]:
    """What a cell counted as a class may really be; more than itself where the model lacks classes."""
    known = _ANC if model_classes is None or context.reviewed else frozenset(model_classes)
    unknown = _ANC - known
    if context.blast_lineage == "myeloid":
        unknown -= LYMPHOBLASTS
    no_blasts = not known & _ids("blast")
    possible = {
        class_id: frozenset({class_id})
        | {other for other in unknown if _hides_in(TAXONOMY[other], class_id, no_blasts)}
        for class_id in _ANC
    }
    if context.blast_lineage == "lymphoid":  # the blasts that nobody gave a lineage are then lymphoblasts
        possible["blast"] = LYMPHOBLASTS
    return possible


def _hides_in(cell: CellClass, class_id: str, no_blasts: bool) -> bool:
    """A model that knows no blast at all may have put blasts into any class."""
    if no_blasts and coarse_class(cell.id) == "blast":
        return True
    return class_id in _ancestors(cell) or class_id in _ALSO_HIDES_IN.get(cell.id, ())


def _ancestors(cell: CellClass) -> tuple[str, ...]:
    return (cell.parent, *_ancestors(TAXONOMY[cell.parent])) if cell.parent else ()
