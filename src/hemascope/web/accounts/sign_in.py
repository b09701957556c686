"""Signing in and out with a browser."""

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from hemascope.errors import ApprovalPendingError, CredentialsError
from hemascope.web.accounts.captchas import captcha_check, needs_captcha
from hemascope.web.accounts.models import User, normal_username
from hemascope.web.audit.actions import audit_record


def sign_in(*, request: HttpRequest, username: str, password: str, captcha_key: str, captcha_text: str) -> User:
    """Starts the session. Raises CaptchaError, CredentialsError or ApprovalPendingError.

    The middleware of django-axes turns the answer into a 429 while the name is locked.
    """
    if needs_captcha(request, username):
        captcha_check(key=captcha_key, text=captcha_text)
    user = authenticate(request, username=normal_username(username), password=password)
    if user is None or not user.is_active:
        raise CredentialsError(_("User name or password is wrong."))
    if not user.is_approved:
        raise ApprovalPendingError(_("An administrator has not approved the registration yet."))
    with transaction.atomic():
        login(request, user)
        audit_record(by=user, verb="session.start", subject=user)
    return user


def sign_out(*, request: HttpRequest, by: User) -> None:
    with transaction.atomic():
        audit_record(by=by, verb="session.end", subject=by)
        logout(request)
