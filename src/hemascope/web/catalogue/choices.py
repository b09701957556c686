from django.db.models import TextChoices

from hemascope.hematology.differential import Specimen

SPECIMENS = [(specimen.value, specimen.value) for specimen in Specimen]


class ModelTask(TextChoices):
    """The same values as `service.registry.Task`."""

    DETECTION = "detection", "Finds cells"
    CLASSIFICATION = "classification", "Names cells"
