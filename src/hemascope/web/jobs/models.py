"""Background work. The row is the truth; the queue behind it only says that there is something to look at."""

import uuid

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from hemascope.web.api.wording import worded
from hemascope.web.jobs.choices import JobStatus


class Job(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    body = models.CharField(max_length=200)  # path of the function: hemascope.web.<app>.tasks.<name>
    arguments = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    status = models.CharField(max_length=10, choices=JobStatus.choices, default=JobStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)  # begun, the killed ones among them
    max_attempts = models.PositiveSmallIntegerField()
    owner = models.CharField(max_length=32, blank=True)  # random; who knows it runs the job and may write
    lease_until = models.DateTimeField(null=True)  # the owner is taken for dead afterwards
    not_before = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)  # to the queue, the last time
    is_cancel_wanted = models.BooleanField(default=False)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)  # 0: not known
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)  # why the last attempt failed, in English
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["status", "lease_until"]),
            models.Index(fields=["status", "sent_at"]),
            models.Index(fields=["requested_by", "created_at"]),
        )

    def __str__(self) -> str:
        return f"{self.body.rpartition('.')[2]} {self.id}"

    @property
    def reason(self) -> str:
        """Why the last attempt failed, in the language of the request."""
        return worded(self.error_code, self.error_message)
