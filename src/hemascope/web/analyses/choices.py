from django.db.models import TextChoices

from hemascope.hematology.taxonomy import TAXONOMY

UNIDENTIFIED = "unidentified"  # the class of a cell that neither model nor reader has named
CELL_CLASSES = [(cell.id, cell.name_en) for cell in TAXONOMY.values()]


class FieldKind(TextChoices):
    FIELD = "field", "Field of view"  # cells are looked for in it
    CROP = "crop", "Ready-made crop"  # it is one cell


class FieldState(TextChoices):
    UPLOADED = "uploaded", "Uploaded"
    EXAMINED = "examined", "Examined"  # by a detection run; a crop needs none
    FAILED = "failed", "Failed"


class CellOrigin(TextChoices):
    MODEL = "model", "Found by a detector"
    READER = "reader", "Drawn by a reader"
    CROP = "crop", "Uploaded as a crop"
