"""FAB 1976/1985: acute leukaemias M0 to M7 and the myelodysplastic syndromes, as rules in the order they are asked.

NEC and ANC: docs/hematology.md. Blasts are type I and II and promonocytes, their equivalent; lymphoblasts are
apart.
"""

from hemascope.hematology.classification.conditions import (
    AnyOf,
    FlagCondition,
    NumberCondition,
    ShareCondition,
    Truth,
)
from hemascope.hematology.classification.quantities import Quantity
from hemascope.hematology.classification.rules import Outcome, Rule, RuleTable
from hemascope.hematology.settings import ClassificationSettings, Ground, Mark

_HMDS = Ground(Mark.VERIFIED, "http://hmds.org.uk/aml.html")
_NCBI = Ground(Mark.VERIFIED, "http://hmds.org.uk/aml.html; https://www.ncbi.nlm.nih.gov/books/NBK9562/table/ch17.tu8/")
_BLOOD_2010 = Ground(Mark.VERIFIED, "Blood 2010; 115: 1985 (acute erythroid leukemia: a reassessment)")
_BLOOD_2010_MDS = Ground(Mark.VERIFIED, "Blood 2010; 115: 1985; few lymphoblasts [K], ours")
_NOT_AML = Ground(
    Mark.VERIFIED,
    "http://www.medicalalgorithms.com/french-american-british-fab-classification-of-acute-myeloid-leukemia; "
    "few lymphoblasts [K], ours",
)
_MDS = Ground(
    Mark.VERIFIED,
    "https://mdicu.com/calc/calc-786.html; http://www.mudr.org/web/fab-klasifikace-mds; cytopenia, dysplasia [K]",
)
_ALL = Ground(Mark.UNCHECKED, "FAB 1976: at least 30 % blasts; subtype only described, see FAB 1981")

_Q = Quantity
_FAILED, _MET = Truth.FAILED, Truth.MET
_ACUTE = ShareCondition(_Q.BLASTS_ANC, ">=", 30)
_FEW_LYMPHOBLASTS = ShareCondition(_Q.LYMPHOBLASTS_ANC, "<", 30)
_MONOCYTES_OUTSIDE_MARROW = (
    NumberCondition("blood_monocytes_e9_per_l", ">=", 5, _FAILED),
    NumberCondition("lysozyme_times_normal", ">=", 3, _FAILED),
)


def fab_rules(settings: ClassificationSettings) -> RuleTable:
    """FAB for marrow counts: F3, F6, F6n, F0, F7, F5, F4, F1, F2, F0m, and last the descriptive row for ALL."""
    mds = fab_mds_rules(settings)
    m4 = (
        _ACUTE,
        ShareCondition(_Q.GRANULOCYTIC_NEC, ">=", settings.m4_granulocytic_percent),
        ShareCondition(_Q.GRANULOCYTIC_NEC, "<", 80),
        AnyOf((ShareCondition(_Q.MONOCYTIC_NEC, ">=", settings.m4_monocytic_percent), *_MONOCYTES_OUTSIDE_MARROW)),
        ShareCondition(_Q.MONOCYTIC_NEC, "<", 80),
    )
    m5 = (_ACUTE, ShareCondition(_Q.MONOCYTIC_NEC, ">=", 80))
    return (
        Rule(
            "F3",
            Outcome.M3,
            (
                ShareCondition(_Q.APL_CELLS_ANC, ">=", 30),
                AnyOf(
                    (
                        ShareCondition(_Q.ABNORMAL_PROMYELOCYTES_ANC, ">", 0),
                        FlagCondition("apl_morphology", if_unknown=_FAILED),
                    )
                ),
            ),
            _NCBI,
            supports=("lesions",),
        ),
        Rule(
            "F6",
            Outcome.M6,
            (ShareCondition(_Q.ERYTHROBLASTS_ANC, ">=", 50), ShareCondition(_Q.BLASTS_NEC, ">=", 30)),
            _BLOOD_2010,
        ),
        Rule(
            "F6n",
            Outcome.FAB_MDS_NOT_AML,
            (
                ShareCondition(_Q.ERYTHROBLASTS_ANC, ">=", 50),
                ShareCondition(_Q.BLASTS_NEC, "<", 30),
                _FEW_LYMPHOBLASTS,
            ),
            _BLOOD_2010_MDS,
            continues_in=mds,
        ),
        Rule(
            "F0",
            Outcome.FAB_NOT_AML,
            (
                ShareCondition(_Q.ERYTHROBLASTS_ANC, "<", 50),
                ShareCondition(_Q.BLASTS_ANC, "<", 30),
                _FEW_LYMPHOBLASTS,
            ),
            _NOT_AML,
            continues_in=mds,
        ),
        Rule(
            "F7",
            Outcome.M7,
            (ShareCondition(_Q.MEGAKARYOBLASTS_ANC, ">=", 30), FlagCondition("platelet_markers")),
            _HMDS,
        ),
        Rule(
            "F5a",
            Outcome.M5A,
            (*m5, ShareCondition(_Q.MONOBLASTS_MONOCYTIC, ">=", 80)),
            _HMDS,
            supports=("nonspecific_esterase_percent",),
        ),
        Rule(
            "F5b",
            Outcome.M5B,
            (*m5, ShareCondition(_Q.MONOBLASTS_MONOCYTIC, "<", 80)),
            _HMDS,
            supports=("nonspecific_esterase_percent",),
        ),
        Rule(
            "F4e",
            Outcome.M4EO,
            (*m4, ShareCondition(_Q.ABNORMAL_EOSINOPHILS_NEC, ">=", 5)),
            _HMDS,
            supports=("nonspecific_esterase_percent", "lesions"),
        ),
        Rule("F4", Outcome.M4, m4, _HMDS, supports=("nonspecific_esterase_percent",)),
        Rule(
            "F1",
            Outcome.M1,
            (
                _ACUTE,
                ShareCondition(_Q.BLASTS_NEC, ">=", 90),
                NumberCondition("mpo_or_sbb_percent", ">=", 3),
                ShareCondition(_Q.MATURING_NEC, "<=", 10),
            ),
            _NCBI,
        ),
        Rule(
            "F2",
            Outcome.M2,
            (
                _ACUTE,
                ShareCondition(_Q.BLASTS_NEC, ">=", 30),
                ShareCondition(_Q.BLASTS_NEC, "<", 90),
                ShareCondition(_Q.GRANULOCYTIC_NEC, ">=", 10),
                ShareCondition(_Q.MONOCYTIC_NEC, "<", 20),
            ),
            _NCBI,
            supports=("mpo_or_sbb_percent", "lesions"),
        ),
        Rule(
            "F0m",
            Outcome.M0,
            (
                _ACUTE,
                NumberCondition("mpo_or_sbb_percent", "<", 3),
                NumberCondition("myeloid_antigen_percent", ">=", 20),
                FlagCondition("lymphoid_markers", expected=False),
            ),
            _NCBI,
        ),
        Rule(
            "L",
            Outcome.FAB_ALL,
            (ShareCondition(_Q.LYMPHOBLASTS_ANC, ">=", 30), NumberCondition("mpo_or_sbb_percent", "<", 3, _MET)),
            _ALL,
            supports=("lymphoid_markers", "lymphoblasts"),
        ),
    )


def fab_mds_rules(settings: ClassificationSettings) -> RuleTable:
    """FAB-MDS (row S1), asked once F0 or F6n has said "not AML"."""
    raeb_t = ShareCondition(_Q.BLASTS_ANC, ">=" if settings.raeb_t_at_20 else ">", 20)
    raeb = ShareCondition(_Q.BLASTS_ANC, "<" if settings.raeb_t_at_20 else "<=", 20)
    few_blasts = (
        ShareCondition(_Q.BLASTS_ANC, "<", 5),
        ShareCondition(_Q.BLOOD_BLASTS, "<", 1),
        FlagCondition("cytopenia"),
        FlagCondition("dysplasia"),
    )
    dysplastic = (FlagCondition("cytopenia", if_unknown=_MET), FlagCondition("dysplasia", if_unknown=_MET))
    return (
        Rule(
            "S1-RAEB-t",
            Outcome.RAEB_T,
            (
                ShareCondition(_Q.BLASTS_ANC, "<", 30),
                AnyOf(
                    (
                        raeb_t,
                        ShareCondition(_Q.BLOOD_BLASTS, ">=", 5, _FAILED),
                        FlagCondition("auer_rods", if_unknown=_FAILED),
                    )
                ),
                *dysplastic,
            ),
            _MDS,
        ),
        Rule(
            "S1-CMML",
            Outcome.FAB_CMML,
            (
                ShareCondition(_Q.BLASTS_ANC, "<=", 20),
                NumberCondition("blood_monocytes_e9_per_l", ">", 1, _FAILED),
            ),
            _MDS,
        ),
        Rule(
            "S1-RAEB",
            Outcome.RAEB,
            (
                ShareCondition(_Q.BLASTS_ANC, ">=", 5),
                raeb,
                ShareCondition(_Q.BLOOD_BLASTS, "<", 5, _MET),
                *dysplastic,
            ),
            _MDS,
        ),
        Rule("S1-RARS", Outcome.RARS, (*few_blasts, ShareCondition(_Q.RING_SIDEROBLASTS, ">", 15, _FAILED)), _MDS),
        Rule("S1-RA", Outcome.RA, few_blasts, _MDS),
    )
