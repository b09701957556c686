"""Signing in and out, the CAPTCHA and registration: what somebody needs who is not signed in yet."""

from django.utils.decorators import method_decorator
from django.views.decorators.csrf import ensure_csrf_cookie
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.accounts.access import departments_offered
from hemascope.web.accounts.actions import user_register
from hemascope.web.accounts.api.serializers import (
    CaptchaSerializer,
    DepartmentNameSerializer,
    RegistrationInputSerializer,
    SessionSerializer,
    SignInInputSerializer,
    UserSerializer,
    session_of,
)
from hemascope.web.accounts.authentication import StrangerAuthentication
from hemascope.web.accounts.captchas import captcha_check, captcha_create
from hemascope.web.accounts.models import User
from hemascope.web.accounts.sign_in import sign_in, sign_out
from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet


class SessionViewSet(RightsViewSet[User]):
    rights = {"retrieve": Right.ANYBODY, "create": Right.ANYBODY, "destroy": Right.SIGNED_IN}
    serializer_class = SessionSerializer

    def get_authenticators(self) -> list[BaseAuthentication]:
        if self.request is not None and self.request.method == "POST":
            return [StrangerAuthentication()]
        return super().get_authenticators()

    def get_throttles(self) -> list[object]:  # type: ignore[override]
        self.throttle_scope = "credentials" if self.action == "create" else None
        return list(super().get_throttles())

    @extend_schema(responses=SessionSerializer)
    @method_decorator(ensure_csrf_cookie)
    def retrieve(self, request: Request) -> Response:
        """Who is signed in; also hands out the cookie with the CSRF token."""
        return Response(session_of(self.person if request.user.is_authenticated else None))

    @extend_schema(request=SignInInputSerializer, responses={201: SessionSerializer})
    def create(self, request: Request) -> Response:
        """Sign in. `captcha` as code of the error: the next try needs a CAPTCHA."""
        user = sign_in(request=request._request, **self.checked(SignInInputSerializer))
        return Response(session_of(user), status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request) -> Response:
        """Sign out."""
        sign_out(request=request._request, by=self.person)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CaptchaViewSet(RightsViewSet[User]):
    rights = {"create": Right.ANYBODY}
    serializer_class = CaptchaSerializer
    throttle_scope = "captcha"

    @extend_schema(request=None, responses={201: CaptchaSerializer})
    def create(self, request: Request) -> Response:
        """A new picture to read."""
        return Response(captcha_create(), status.HTTP_201_CREATED)


class RegistrationViewSet(RightsViewSet[User]):
    rights = {"create": Right.ANYBODY, "departments": Right.ANYBODY}
    serializer_class = RegistrationInputSerializer
    authentication_classes = (StrangerAuthentication,)
    throttle_scope = "credentials"

    @extend_schema(request=RegistrationInputSerializer, responses={201: UserSerializer})
    def create(self, request: Request) -> Response:
        """Ask for an account; an administrator approves it."""
        given = self.checked(RegistrationInputSerializer)
        captcha_check(key=given.pop("captcha_key"), text=given.pop("captcha_text"))
        return Response(UserSerializer(user_register(**given)).data, status.HTTP_201_CREATED)

    @extend_schema(filters=False, responses=DepartmentNameSerializer(many=True))
    @action(detail=False, authentication_classes=[], throttle_scope=None, pagination_class=None, filter_backends=[])
    def departments(self, request: Request) -> Response:
        """To choose from: names only, all of them."""
        return Response(DepartmentNameSerializer(departments_offered(), many=True).data)
