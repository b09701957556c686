"""International Consensus Classification 2022: AML, MDS/AML and myelodysplastic syndromes."""

from hemascope.hematology.classification.conditions import (
    AnyOf,
    FlagCondition,
    LesionCondition,
    ShareCondition,
    Truth,
)
from hemascope.hematology.classification.context import Lesion
from hemascope.hematology.classification.quantities import Quantity
from hemascope.hematology.classification.rules import Outcome, Rule, RuleTable
from hemascope.hematology.classification.who_icc_lesions import ICC_FROM_10, ICC_FROM_20
from hemascope.hematology.settings import Ground, Mark

_ICC = Ground(
    Mark.VERIFIED, "http://ashpublications.net/view-large/11717679; J Hematol Oncol, s13045-024-01571-4, table 3"
)
_ICC_UNCHECKED = Ground(Mark.UNCHECKED, "Arber 2022, Blood 140: 1200; row not checked")
_ERYTHROID = Ground(Mark.VERIFIED, "Arber 2016, Blood 127: 2391, table 16; ICC keeps it with mutated TP53 [K]")
_LYMPHOBLASTIC = Ground(Mark.UNCHECKED, "lymphoblasts belong to other tables; 20 % as for AML")

_Q = Quantity
_FAILED, _MET = Truth.FAILED, Truth.MET
_FROM_10 = AnyOf((ShareCondition(_Q.BLASTS_ANC, ">=", 10), ShareCondition(_Q.BLOOD_BLASTS, ">=", 10, _FAILED)))
_FROM_20 = AnyOf((ShareCondition(_Q.BLASTS_ANC, ">=", 20), ShareCondition(_Q.BLOOD_BLASTS, ">=", 20, _FAILED)))
_BELOW_20 = (ShareCondition(_Q.BLASTS_ANC, "<", 20), ShareCondition(_Q.BLOOD_BLASTS, "<", 20, _MET))
_TP53 = LesionCondition((Lesion.TP53, Lesion.TP53_MULTI_HIT))
_DYSPLASTIC = (FlagCondition("cytopenia", if_unknown=_MET), FlagCondition("dysplasia", if_unknown=_MET))
_FEW_BLASTS = (
    ShareCondition(_Q.BLASTS_ANC, "<", 5),
    ShareCondition(_Q.BLOOD_BLASTS, "<", 2),
    FlagCondition("cytopenia"),
    FlagCondition("dysplasia"),
)

ICC_2022_RULES: RuleTable = (
    Rule("I2", Outcome.ICC_AML_GENETIC, (LesionCondition(ICC_FROM_10), _FROM_10), _ICC),
    Rule("I2-20", Outcome.ICC_AML_GENETIC, (LesionCondition(ICC_FROM_20), _FROM_20), _ICC),
    Rule("I1-TP53", Outcome.ICC_AML_TP53, (_TP53, _FROM_20), _ICC),
    Rule("I1", Outcome.ICC_AML, (_FROM_20,), _ICC, supports=("lesions", "mpo_or_sbb_percent")),
    Rule(
        "I-E1",
        Outcome.ICC_ERYTHROID,
        (
            ShareCondition(_Q.IMMATURE_ERYTHROID_ANC, ">", 80),
            ShareCondition(_Q.PROERYTHROBLASTS_ANC, ">=", 30),
        ),
        _ERYTHROID,
        supports=("lesions",),
    ),
    Rule(
        "IL",
        Outcome.ICC_LYMPHOBLASTIC,
        (ShareCondition(_Q.LYMPHOBLASTS_ANC, ">=", 20),),
        _LYMPHOBLASTIC,
        supports=("lymphoid_markers",),
    ),
    Rule(
        "I1-MDS/AML-TP53",
        Outcome.ICC_MDS_AML_TP53,
        (_TP53, _FROM_10, *_BELOW_20, *_DYSPLASTIC),
        _ICC_UNCHECKED,
    ),
    Rule("I1-MDS/AML", Outcome.ICC_MDS_AML, (_FROM_10, *_BELOW_20, *_DYSPLASTIC), _ICC, supports=("lesions",)),
    Rule(
        "I1-EB",
        Outcome.ICC_MDS_EB,
        (
            AnyOf(
                (
                    ShareCondition(_Q.BLASTS_ANC, ">=", 5),
                    ShareCondition(_Q.BLOOD_BLASTS, ">=", 2, _FAILED),
                    FlagCondition("auer_rods", if_unknown=_FAILED),
                )
            ),
            ShareCondition(_Q.BLASTS_ANC, "<", 10),
            ShareCondition(_Q.BLOOD_BLASTS, "<", 10, _MET),
            *_DYSPLASTIC,
        ),
        _ICC,
        supports=("lesions",),
    ),
    Rule("I3-5q", Outcome.ICC_MDS_5Q, (LesionCondition((Lesion.DEL_5Q,)), *_FEW_BLASTS), _ICC_UNCHECKED),
    Rule("I3-SF3B1", Outcome.ICC_MDS_SF3B1, (LesionCondition((Lesion.SF3B1,)), *_FEW_BLASTS), _ICC_UNCHECKED),
    Rule("I3-NOS", Outcome.ICC_MDS_NOS, _FEW_BLASTS, _ICC_UNCHECKED, supports=("lesions",)),
)

ICC_2022_NOTES: RuleTable = (
    Rule(
        "I1n",
        Outcome.NOTE_WHO_IB2,
        (
            ShareCondition(_Q.BLASTS_ANC, "<", 10),
            AnyOf(
                (
                    ShareCondition(_Q.BLOOD_BLASTS, ">=", 5, _FAILED),
                    FlagCondition("auer_rods", if_unknown=_FAILED),
                )
            ),
            ShareCondition(_Q.BLOOD_BLASTS, "<", 10, _MET),
        ),
        _ICC,
    ),
)
"""Remarks beside the suggestion; they decide nothing."""
