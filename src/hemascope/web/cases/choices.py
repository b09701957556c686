from django.db.models import TextChoices

from hemascope.hematology.differential import Specimen as HematologySpecimen


class Specimen(TextChoices):
    """The same values as in `hematology`, which counts by them."""

    PERIPHERAL_BLOOD = HematologySpecimen.PERIPHERAL_BLOOD.value, "Peripheral blood"
    BONE_MARROW = HematologySpecimen.BONE_MARROW.value, "Bone marrow aspirate"


class Stain(TextChoices):
    WRIGHT = "wright", "Wright"
    WRIGHT_GIEMSA = "wright-giemsa", "Wright-Giemsa"
    MAY_GRUNWALD_GIEMSA = "may-grunwald-giemsa", "May-Grünwald-Giemsa"
    GIEMSA = "giemsa", "Giemsa"
    LEISHMAN = "leishman", "Leishman"
    OTHER = "other", "Other"


class CaseState(TextChoices):
    NEW = "new", "New"  # no field of it was analysed yet
    ANALYSED = "analysed", "Analysed"  # cells were found; nobody has looked at them yet
    IN_REVIEW = "in_review", "In review"
    SIGNED = "signed", "Signed"
    AMENDED = "amended", "Amended"  # signed more than once; the newest report says why
