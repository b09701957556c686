"""Optimistic locking: the client sends the version it has read, and whoever comes second is told so."""

from typing import TypeVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from hemascope.errors import StaleVersionError


class Versioned(models.Model):
    version = models.PositiveIntegerField(default=1)  # counts the changes
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


VersionedT = TypeVar("VersionedT", bound=Versioned)


def locked(row: VersionedT, version: int | None = None) -> VersionedT:
    """The row as it is now, held until the transaction ends.

    Raises StaleVersionError where it was deleted, or has another version than the `version` that the caller has read.
    """
    now = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
    if now is None:
        raise StaleVersionError(_("%(row)s is no more: somebody else deleted it") % {"row": row})
    if version is not None and now.version != version:
        raise StaleVersionError(
            _("%(row)s has version %(present)s, not %(read)s: somebody else changed it; load it again")
            % {"row": now, "present": now.version, "read": version}
        )
    return now


def save_new_version(row: Versioned) -> None:
    """Of a `locked` row. Raises ValidationError."""
    row.version += 1
    row.updated_at = timezone.now()
    row.full_clean()
    row.save()
