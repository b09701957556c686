from django.db.models import TextChoices


class JobStatus(TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Given up"
    CANCELLED = "cancelled", "Cancelled"
