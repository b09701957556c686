"""Which genetic findings define an AML, and from how many blasts on."""

from hemascope.hematology.classification.context import Lesion

DEFINING = (
    Lesion.PML_RARA,
    Lesion.RUNX1_RUNX1T1,
    Lesion.CBFB_MYH11,
    Lesion.DEK_NUP214,
    Lesion.RBM15_MRTFA,
    Lesion.KMT2A,
    Lesion.MECOM,
    Lesion.NUP98,
    Lesion.NPM1,
)
"""WHO 2022: at any blast count. ICC 2022: from 10 % on, with CEBPA."""

WHO_FROM_20 = (Lesion.BCR_ABL1, Lesion.CEBPA)
ICC_FROM_10 = (*DEFINING, Lesion.CEBPA)
ICC_FROM_20 = (Lesion.BCR_ABL1,)
