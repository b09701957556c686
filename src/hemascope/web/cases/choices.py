from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from hemascope.hematology.differential import Specimen as HematologySpecimen


class Specimen(TextChoices):
    """The same values as in `hematology`, which counts by them."""

    PERIPHERAL_BLOOD = HematologySpecimen.PERIPHERAL_BLOOD.value, _("Peripheral blood")
    BONE_MARROW = HematologySpecimen.BONE_MARROW.value, _("Bone marrow aspirate")


class Stain(TextChoices):
    WRIGHT = "wright", "Wright"
    WRIGHT_GIEMSA = "wright-giemsa", "Wright-Giemsa"
    MAY_GRUNWALD_GIEMSA = "may-grunwald-giemsa", "May-Grünwald-Giemsa"
    GIEMSA = "giemsa", "Giemsa"
    LEISHMAN = "leishman", "Leishman"
    OTHER = "other", "Other"


class CaseState(TextChoices):
    NEW = "new", _("New")  # no field of it was analysed yet
    ANALYSED = "analysed", _("Analysed")  # cells were found; nobody has looked at them yet
    IN_REVIEW = "in_review", _("In review")
    SIGNED = "signed", _("Signed")
    AMENDED = "amended", _("Amended")  # signed more than once; the newest report says why

    @property
    def in_words(self) -> str:
        """In the middle of a sentence."""
        return str(self.label).lower()
