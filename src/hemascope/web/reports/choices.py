from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """Why a report cannot be signed yet."""

    NOT_IN_REVIEW = "not-in-review", _("The case is not in review.")
    NO_CELLS = "no-cells", _("No cell counts in the differential.")
    UNIDENTIFIED = "unidentified", _("Too many cells are unidentified.")
    UNREVIEWED = "unreviewed", _("Too many cells were seen by no reader.")
    RUNNING = "running", _("A model is still at work on the case.")
