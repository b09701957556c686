"""Names that are locked after too many wrong passwords; django-axes counts, by name and address."""

from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from hemascope.web.accounts.models import User
from hemascope.web.api.errors import error_body


def with_locks(users: QuerySet[User]) -> QuerySet[User]:
    """Each with `locked_at`: the last wrong password where the name is locked at some address, else None."""
    return users.annotate(locked_at=Subquery(_locks().filter(username=OuterRef("username")).values("last")[:1]))


def locked_until(locked_at: datetime) -> datetime:
    until: datetime = locked_at + settings.AXES_COOLOFF_TIME
    return until


def locked_out(request: HttpRequest, _original: object = None, credentials: object = None) -> HttpResponse:
    """django-axes' AXES_LOCKOUT_CALLABLE. `detail.seconds`: how long still."""
    username = credentials.get("username", "") if isinstance(credentials, dict) else ""
    lock = _locks().filter(username=username, ip_address=getattr(request, "axes_ip_address", None)).first()
    left = locked_until(lock["last"] if lock else timezone.now()) - timezone.now()
    seconds = max(1, round(left.total_seconds()))
    body = error_body("locked_out", _("Too many wrong passwords; try again in 15 minutes."), {"seconds": seconds})
    return JsonResponse(body, status=429, headers={"Retry-After": str(seconds)})


def unlock(username: str) -> None:
    """Forgets the wrong passwords, from wherever they came."""
    AccessAttempt.objects.filter(username=username).delete()


def _locks() -> QuerySet[Any, dict[str, Any]]:
    """`username`, `ip_address` and the last failure, for each pair that is locked; the newest first."""
    recent = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - settings.AXES_COOLOFF_TIME)
    pairs: QuerySet[Any, dict[str, Any]] = recent.values("username", "ip_address").annotate(
        failures=Sum("failures_since_start"), last=Max("attempt_time")
    )
    return pairs.filter(failures__gte=settings.AXES_FAILURE_LIMIT).order_by("-last")
