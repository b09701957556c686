"""WHO 2022 (5th edition): acute myeloid leukaemia and myelodysplastic neoplasms by blasts of all nucleated cells."""

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
from hemascope.hematology.classification.who_icc_lesions import DEFINING, WHO_FROM_20
from hemascope.hematology.settings import Ground, Mark

_ARBER_2016 = "Arber 2016, Blood 127: 2391, table 16"
_GENETIC = Ground(Mark.VERIFIED, "http://ashpublications.net/view-large/11717679; DEK::NUP214, RBM15::MRTFA [K]")
_BLASTS = Ground(Mark.VERIFIED, f"{_ARBER_2016}: of all nucleated cells since 2016, never of NEC")
_ERYTHROID = Ground(Mark.VERIFIED, f"{_ARBER_2016}; which stages are immature [K]: proerythroblasts, basophilic ones")
_KHOURY = Ground(Mark.VERIFIED, "Khoury 2022, Leukemia 36: 1703, table 3")
_KHOURY_UNCHECKED = Ground(Mark.UNCHECKED, "Khoury 2022, Leukemia 36: 1703, table 3; row not checked")
_LYMPHOBLASTIC = Ground(Mark.UNCHECKED, "lymphoblasts belong to other tables; 20 % as for AML")

_Q = Quantity
_FAILED, _MET = Truth.FAILED, Truth.MET
_FROM_20 = AnyOf((ShareCondition(_Q.BLASTS_ANC, ">=", 20), ShareCondition(_Q.BLOOD_BLASTS, ">=", 20, _FAILED)))
_BELOW_20 = (ShareCondition(_Q.BLASTS_ANC, "<", 20), ShareCondition(_Q.BLOOD_BLASTS, "<", 20, _MET))
_AUER_RODS = FlagCondition("auer_rods", if_unknown=_FAILED)
_DYSPLASTIC = (FlagCondition("cytopenia", if_unknown=_MET), FlagCondition("dysplasia", if_unknown=_MET))
_FEW_BLASTS = (
    ShareCondition(_Q.BLASTS_ANC, "<", 5),
    ShareCondition(_Q.BLOOD_BLASTS, "<", 2),
    FlagCondition("cytopenia"),
    FlagCondition("dysplasia"),
)

WHO_2022_RULES: RuleTable = (
    Rule("W2", Outcome.WHO_AML_GENETIC, (LesionCondition(DEFINING),), _GENETIC),
    Rule("W2-20", Outcome.WHO_AML_GENETIC, (LesionCondition(WHO_FROM_20), _FROM_20), _GENETIC),
    Rule("W1", Outcome.WHO_AML, (_FROM_20,), _BLASTS, supports=("lesions", "mpo_or_sbb_percent")),
    Rule(
        "E1",
        Outcome.WHO_AML_ERYTHROID,
        (
            ShareCondition(_Q.IMMATURE_ERYTHROID_ANC, ">", 80),
            ShareCondition(_Q.PROERYTHROBLASTS_ANC, ">=", 30),
        ),
        _ERYTHROID,
        supports=("lesions",),
    ),
    Rule(
        "WL",
        Outcome.WHO_LYMPHOBLASTIC,
        (ShareCondition(_Q.LYMPHOBLASTS_ANC, ">=", 20),),
        _LYMPHOBLASTIC,
        supports=("lymphoid_markers",),
    ),
    Rule(
        "W3-biTP53",
        Outcome.WHO_MDS_TP53,
        (LesionCondition((Lesion.TP53_MULTI_HIT,)), *_BELOW_20, *_DYSPLASTIC),
        _KHOURY_UNCHECKED,
    ),
    Rule(
        "W3-f",
        Outcome.WHO_MDS_F,
        (
            FlagCondition("fibrosis", if_unknown=_FAILED),
            AnyOf(
                (
                    ShareCondition(_Q.BLASTS_ANC, ">=", 5),
                    ShareCondition(_Q.BLOOD_BLASTS, ">=", 2, _FAILED),
                    _AUER_RODS,
                )
            ),
            *_BELOW_20,
            *_DYSPLASTIC,
        ),
        _KHOURY,
    ),
    Rule(
        "W3-IB2",
        Outcome.WHO_MDS_IB2,
        (
            AnyOf(
                (
                    ShareCondition(_Q.BLASTS_ANC, ">=", 10),
                    ShareCondition(_Q.BLOOD_BLASTS, ">=", 5, _FAILED),
                    _AUER_RODS,
                )
            ),
            *_BELOW_20,
            *_DYSPLASTIC,
        ),
        _KHOURY,
        supports=("lesions",),
    ),
    Rule(
        "W3-IB1",
        Outcome.WHO_MDS_IB1,
        (
            AnyOf((ShareCondition(_Q.BLASTS_ANC, ">=", 5), ShareCondition(_Q.BLOOD_BLASTS, ">=", 2, _FAILED))),
            ShareCondition(_Q.BLASTS_ANC, "<", 10),
            ShareCondition(_Q.BLOOD_BLASTS, "<", 5, _MET),
            *_DYSPLASTIC,
        ),
        _KHOURY,
        supports=("lesions",),
    ),
    Rule("W3-5q", Outcome.WHO_MDS_5Q, (LesionCondition((Lesion.DEL_5Q,)), *_FEW_BLASTS), _KHOURY_UNCHECKED),
    Rule(
        "W3-SF3B1",
        Outcome.WHO_MDS_SF3B1,
        (
            AnyOf((LesionCondition((Lesion.SF3B1,)), ShareCondition(_Q.RING_SIDEROBLASTS, ">=", 15, _FAILED))),
            *_FEW_BLASTS,
        ),
        _KHOURY,
    ),
    Rule("W3-LB", Outcome.WHO_MDS_LB, _FEW_BLASTS, _KHOURY, supports=("lesions",)),
)

WHO_2022_NOTES: RuleTable = (
    Rule(
        "E1n",
        Outcome.NOTE_FORMER_M6,
        (
            ShareCondition(_Q.ERYTHROBLASTS_ANC, ">=", 50),
            ShareCondition(_Q.BLASTS_ANC, "<", 20),
            ShareCondition(_Q.BLASTS_NEC, ">=", 20),
        ),
        Ground(Mark.VERIFIED, _ARBER_2016),
    ),
)
"""Remarks beside the suggestion; they decide nothing."""
