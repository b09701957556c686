from django.db.models import TextChoices

from hemascope.hematology.differential import Specimen

# As in `cases`, which is above this app.
SPECIMENS = [
    (Specimen.PERIPHERAL_BLOOD.value, "Peripheral blood"),
    (Specimen.BONE_MARROW.value, "Bone marrow aspirate"),
]


class ModelTask(TextChoices):
    """The same values as `service.registry.Task`."""

    DETECTION = "detection", "detection"
    CLASSIFICATION = "classification", "classification"
