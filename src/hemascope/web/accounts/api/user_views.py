"""Users and departments, for administrators."""

from typing import BinaryIO, cast

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.accounts.access import departments_visible_to, users_visible_to
from hemascope.web.accounts.actions import (
    department_create,
    department_delete,
    department_update,
    password_reset,
    user_approve,
    user_create,
    user_unlock,
    user_update,
)
from hemascope.web.accounts.api.filters import UserFilter
from hemascope.web.accounts.api.serializers import (
    AccountSerializer,
    ApprovalInputSerializer,
    DepartmentInputSerializer,
    DepartmentSerializer,
    PasswordSerializer,
    UserCreateInputSerializer,
    UserInputSerializer,
)
from hemascope.web.accounts.models import Department, User
from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet


class UserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, RightsViewSet[User]):
    rights = {
        "list": Right.USERS_MANAGE,
        "retrieve": Right.SIGNED_IN,
        "avatar": Right.SIGNED_IN,
        "create": Right.USERS_MANAGE,
        "partial_update": Right.USERS_MANAGE,
        "approve": Right.USERS_MANAGE,
        "reset_password": Right.USERS_MANAGE,
        "unlock": Right.USERS_MANAGE,
    }
    serializer_class = AccountSerializer
    queryset = User.objects.none()
    filterset_class = UserFilter
    ordering = ("username",)
    ordering_fields = ("username", "nickname", "role", "last_login", "created_at")

    def get_queryset(self) -> QuerySet[User]:
        return users_visible_to(self.person)

    @extend_schema(request=UserCreateInputSerializer, responses={201: AccountSerializer})
    def create(self, request: Request) -> Response:
        user = user_create(by=self.person, **self.checked(UserCreateInputSerializer))
        return Response(AccountSerializer(user).data, status.HTTP_201_CREATED)

    @extend_schema(request=UserInputSerializer, responses=AccountSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        changes = self.checked(UserInputSerializer, partial=True)
        return Response(AccountSerializer(user_update(by=self.person, user=self.get_object(), **changes)).data)

    @extend_schema(request=ApprovalInputSerializer, responses=AccountSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Accept a registration and give it a role."""
        user = user_approve(by=self.person, user=self.get_object(), **self.checked(ApprovalInputSerializer))
        return Response(AccountSerializer(user).data)

    @extend_schema(request=None, responses=PasswordSerializer)
    @action(detail=True, methods=["post"], url_path="reset-password")
    def reset_password(self, request: Request, pk: str) -> Response:
        """A new password to hand over; ends the user's sessions and withdraws the tokens."""
        return Response({"password": password_reset(by=self.person, user=self.get_object())})

    @extend_schema(request=None, responses=AccountSerializer)
    @action(detail=True, methods=["post"])
    def unlock(self, request: Request, pk: str) -> Response:
        """Let somebody try again at once who is locked after too many wrong passwords."""
        user_unlock(by=self.person, user=self.get_object())
        return Response(AccountSerializer(self.get_object()).data)

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    @action(detail=True)
    def avatar(self, request: Request, pk: str) -> FileResponse:
        user = self.get_object()
        if not user.avatar:
            raise Http404
        return FileResponse(cast(BinaryIO, user.avatar.open()), content_type="image/jpeg")


class DepartmentViewSet(mixins.ListModelMixin, RightsViewSet[Department]):
    rights = {
        "list": Right.SIGNED_IN,
        "create": Right.USERS_MANAGE,
        "partial_update": Right.USERS_MANAGE,
        "destroy": Right.USERS_MANAGE,
    }
    serializer_class = DepartmentSerializer
    queryset = Department.objects.none()
    ordering = ("name",)
    ordering_fields = ("name", "created_at")

    def get_queryset(self) -> QuerySet[Department]:
        return departments_visible_to(self.person)

    @extend_schema(request=DepartmentInputSerializer, responses={201: DepartmentSerializer})
    def create(self, request: Request) -> Response:
        department = department_create(by=self.person, **self.checked(DepartmentInputSerializer))
        return Response(DepartmentSerializer(department).data, status.HTTP_201_CREATED)

    @extend_schema(request=DepartmentInputSerializer, responses=DepartmentSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        given = self.checked(DepartmentInputSerializer)
        return Response(
            DepartmentSerializer(department_update(by=self.person, department=self.get_object(), **given)).data
        )

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        department_delete(by=self.person, department=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
