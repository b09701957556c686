"""Who asks: a browser with session and CSRF token, or a program with `Authorization: Bearer hema_...`."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from hemascope.web.accounts.models import ApiToken, User
from hemascope.web.accounts.tokens import token_digest

_LAST_USED_STEP = timedelta(minutes=1)  # noting every use would make each reading request a writing one


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """None where no bearer token is given. Raises AuthenticationFailed for one that is of no use."""
        scheme, _space, value = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = ApiToken.objects.select_related("user").filter(digest=token_digest(value.strip())).first()
        if token is None or token.is_expired or not token.user.may_sign_in:
            raise AuthenticationFailed(_("The token is unknown, has expired or was withdrawn."), "token")
        now = timezone.now()
        if token.last_used_at is None or now - token.last_used_at > _LAST_USED_STEP:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return token.user, token

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class BrowserAuthentication(SessionAuthentication):
    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise PermissionDenied(_("The page is too old; load it again."), "csrf") from error


class StrangerAuthentication(BrowserAuthentication):
    """For signing in and registering: the CSRF token is asked for although nobody is signed in yet."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        self.enforce_csrf(request)
        return None
