"""Which network examines which specimens, now and at any time before. The networks themselves are folders on disk."""

from typing import NoReturn

from django.db import models
from django.utils import timezone

from hemascope.web.accounts.models import User
from hemascope.web.catalogue.choices import SPECIMENS, ModelTask


class Activation(models.Model):
    """From now on this bundle; the highest number of a specimen and task holds. Never changed, never deleted."""

    specimen = models.CharField(max_length=20, choices=SPECIMENS)
    task = models.CharField(max_length=20, choices=ModelTask.choices)
    number = models.PositiveIntegerField()  # 1, 2, ... for each specimen and task
    bundle_name = models.CharField(max_length=100)
    bundle_version = models.CharField(max_length=40)
    bundle_sha256 = models.CharField(max_length=64)  # of the network's file, verified at that moment
    reason = models.TextField(max_length=1000)
    # Of a roll-back: the choice that holds again.
    restores = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=["specimen", "task", "number"], name="activation_number"),)

    def __str__(self) -> str:
        return f"{self.bundle_name} {self.bundle_version} for {self.task} in {self.specimen}"

    def delete(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError("activations are history: activate another bundle instead")
