"""One's own account."""

from django.contrib.auth import update_session_auth_hash
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.accounts.access import tokens_visible_to
from hemascope.web.accounts.actions import avatar_set, password_change, token_create, token_delete, user_update
from hemascope.web.accounts.api.serializers import (
    ApiTokenInputSerializer,
    ApiTokenSerializer,
    AvatarInputSerializer,
    NewApiTokenSerializer,
    PasswordChangeInputSerializer,
    ProfileInputSerializer,
    UserSerializer,
)
from hemascope.web.accounts.models import ApiToken, User
from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet


class ProfileViewSet(RightsViewSet[User]):
    rights = {
        "retrieve": Right.SIGNED_IN,
        "partial_update": Right.SIGNED_IN,
        "set_password": Right.SIGNED_IN,
        "set_avatar": Right.SIGNED_IN,
    }
    serializer_class = UserSerializer

    def retrieve(self, request: Request) -> Response:
        return Response(UserSerializer(self.person).data)

    @extend_schema(request=ProfileInputSerializer, responses=UserSerializer)
    def partial_update(self, request: Request) -> Response:
        changes = self.checked(ProfileInputSerializer, partial=True)
        return Response(UserSerializer(user_update(by=self.person, user=self.person, **changes)).data)

    @extend_schema(request=PasswordChangeInputSerializer, responses={204: None})
    def set_password(self, request: Request) -> Response:
        """Ends all other sessions."""
        password_change(user=self.person, **self.checked(PasswordChangeInputSerializer))
        update_session_auth_hash(request._request, self.person)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request={"multipart/form-data": AvatarInputSerializer}, responses=UserSerializer)
    def set_avatar(self, request: Request) -> Response:
        file = self.checked(AvatarInputSerializer)["file"]
        return Response(UserSerializer(avatar_set(user=self.person, content=file.read())).data)


class ApiTokenViewSet(mixins.ListModelMixin, RightsViewSet[ApiToken]):
    rights = {"list": Right.SIGNED_IN, "create": Right.SIGNED_IN, "destroy": Right.SIGNED_IN}
    serializer_class = ApiTokenSerializer
    queryset = ApiToken.objects.none()  # tells the schema the type of the key; get_queryset has the rows
    ordering = ("-created_at",)

    def get_queryset(self) -> QuerySet[ApiToken]:
        return tokens_visible_to(self.person)

    @extend_schema(request=ApiTokenInputSerializer, responses={201: NewApiTokenSerializer})
    def create(self, request: Request) -> Response:
        """The only answer that ever holds the token itself."""
        token, value = token_create(user=self.person, **self.checked(ApiTokenInputSerializer))
        return Response({**ApiTokenSerializer(token).data, "token": value}, status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        token_delete(by=self.person, token=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
