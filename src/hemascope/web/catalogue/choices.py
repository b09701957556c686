from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from hemascope.hematology.differential import Specimen

# As in `cases`, which is above this app.
SPECIMENS = [
    (Specimen.PERIPHERAL_BLOOD.value, _("Peripheral blood")),
    (Specimen.BONE_MARROW.value, _("Bone marrow aspirate")),
]


class ModelTask(TextChoices):
    """The same values as `service.registry.Task`."""

    DETECTION = "detection", _("detection")
    CLASSIFICATION = "classification", _("classification")


def specimen_in_words(specimen: str) -> str:
    """In the middle of a sentence."""
    return str(dict(SPECIMENS)[specimen]).lower()
