from django.db.models import TextChoices


class ImportMode(TextChoices):
    PREVIEW = "preview", "Say what would be imported"
    ALL = "all", "Import if no row has a fault"
    VALID = "valid", "Import the rows without fault"


class FileType(TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "XLSX"
