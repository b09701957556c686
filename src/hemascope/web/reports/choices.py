from django.db.models import TextChoices


class Reason(TextChoices):
    """Why a report cannot be signed yet."""

    NOT_IN_REVIEW = "not-in-review", "The case is not in review."
    NO_CELLS = "no-cells", "No cell counts in the differential."
    UNIDENTIFIED = "unidentified", "Too many cells are unidentified."
    UNREVIEWED = "unreviewed", "Too many cells were seen by no reader."
    RUNNING = "running", "A model is still at work on the case."
