"""Everything that changes users and departments. Each change and its audit event are one transaction."""

import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from hemascope.errors import ConflictError
from hemascope.web.accounts.avatars import avatar_jpeg
from hemascope.web.accounts.first_password import first_password_forget
from hemascope.web.accounts.lock_out import unlock
from hemascope.web.accounts.models import ApiToken, Department, User
from hemascope.web.accounts.tokens import new_token, token_digest
from hemascope.web.api.roles import Role
from hemascope.web.audit.actions import audit_record


@transaction.atomic
def user_register(*, username: str, password: str, **profile: Any) -> User:
    """A stranger's wish for an account: it can do nothing until `user_approve`. Raises ValidationError."""
    user = _new_user(username=username, password=password, role=Role.VIEWER, **profile)
    audit_record(by=None, verb="user.register", subject=user, changes={"username": user.username})
    return user


@transaction.atomic
def user_create(*, by: User | None, username: str, password: str, role: str, **profile: Any) -> User:
    """An account that can be used at once; `by` is None for the first administrator. Raises ValidationError."""
    user = _new_user(username=username, password=password, role=role, is_approved=True, **profile)
    audit_record(by=by, verb="user.create", subject=user, changes={"username": user.username, "role": role})
    return user


def _new_user(*, username: str, password: str, **values: Any) -> User:
    user = User(username=username, **values)
    user.clean()
    _check_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    return user


def _check_password(password: str, user: User, field: str = "password") -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({field: error.error_list}) from error


@transaction.atomic
def user_approve(*, by: User, user: User, role: str) -> User:
    """Raises ConflictError where it was approved before."""
    if user.is_approved:
        raise ConflictError(_("%(name)s is approved already; change the role instead") % {"name": user.username})
    user.is_approved, user.role = True, role
    user.full_clean()
    user.save()
    audit_record(by=by, verb="user.approve", subject=user, changes={"role": role})
    return user


@transaction.atomic
def user_update(*, by: User, user: User, **changes: Any) -> User:
    """Profile, role, department or `is_active`. Raises ConflictError for the last administrator's own end."""
    was_administrator = user in _administrators()
    for name, value in changes.items():
        setattr(user, name, value)
    user.full_clean()
    user.save()
    if was_administrator and not _administrators():
        raise ConflictError(_("somebody must stay administrator; make another user one first"))
    audit_record(by=by, verb="user.update", subject=user, changes=_plain(changes))
    return user


def _administrators() -> QuerySet[User]:
    """Locked, so that the last two cannot take the role from each other at the same moment."""
    return User.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True, is_approved=True)


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value.pk if isinstance(value, Department) else value for name, value in changes.items()}


@transaction.atomic
def password_change(*, user: User, old_password: str, new_password: str) -> None:
    """By the owner; ends all other sessions. Raises ValidationError."""
    if not user.check_password(old_password):
        wrong = ValidationError(_("This is not the present password."), "credentials")
        raise ValidationError({"old_password": wrong})
    _check_password(new_password, user, "new_password")
    user.set_password(new_password)
    user.save()
    first_password_forget(user)
    audit_record(by=user, verb="password.change", subject=user)


@transaction.atomic
def password_reset(*, by: User, user: User) -> str:
    """A new password, to be handed over in person; ends all sessions, withdraws all tokens and unlocks the name."""
    password = generated_password()
    user.set_password(password)
    user.save()
    first_password_forget(user)
    user.tokens.all().delete()
    unlock(user.username)
    audit_record(by=by, verb="password.reset", subject=user)
    return password


@transaction.atomic
def user_unlock(*, by: User, user: User) -> User:
    """Takes away the lock that wrong passwords have put on the name, at every address."""
    unlock(user.username)
    audit_record(by=by, verb="user.unlock", subject=user)
    return user


def generated_password() -> str:
    return secrets.token_urlsafe(12)


@transaction.atomic
def avatar_set(*, user: User, content: bytes) -> User:
    """Raises ImageError where `content` is no picture."""
    if old := user.avatar.name:
        transaction.on_commit(lambda: user.avatar.storage.delete(old))
    user.avatar.save(f"{secrets.token_hex(16)}.jpg", ContentFile(avatar_jpeg(content)), save=False)
    user.save()
    audit_record(by=user, verb="user.avatar", subject=user)
    return user


@transaction.atomic
def token_create(*, user: User, name: str, days: int) -> tuple[ApiToken, str]:
    """The token's record and the token itself, which is never shown again."""
    value = new_token()
    token = ApiToken(user=user, name=name, digest=token_digest(value), expires_at=timezone.now() + timedelta(days=days))
    token.full_clean()
    token.save()
    audit_record(by=user, verb="token.create", subject=token, changes={"name": name, "days": days})
    return token, value


@transaction.atomic
def token_delete(*, by: User, token: ApiToken) -> None:
    audit_record(by=by, verb="token.delete", subject=token, changes={"name": token.name})
    token.delete()


@transaction.atomic
def department_create(*, by: User, name: str) -> Department:
    """Raises ValidationError where the name is taken."""
    department = Department(name=name)
    department.full_clean()
    department.save()
    audit_record(by=by, verb="department.create", subject=department, changes={"name": name})
    return department


@transaction.atomic
def department_update(*, by: User, department: Department, name: str) -> Department:
    department.name = name
    department.full_clean()
    department.save()
    audit_record(by=by, verb="department.update", subject=department, changes={"name": name})
    return department


@transaction.atomic
def department_delete(*, by: User, department: Department) -> None:
    """Raises ProtectedError (409 `in_use`) while somebody belongs to it."""
    audit_record(by=by, verb="department.delete", subject=department, changes={"name": department.name})
    department.delete()
