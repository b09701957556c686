"""What is sent and answered about users. Classes named *Input are bodies of requests, the others are answers."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from hemascope.web.accounts.lock_out import locked_until
from hemascope.web.accounts.models import ApiToken, Department, User
from hemascope.web.api.roles import RIGHTS_OF_ROLE, Right, Role

MAX_PASSWORD = 200  # characters; a longer one would only keep the hasher busy
_PROFILE = ("nickname", "email", "phone", "sex", "language")


class DepartmentSerializer(serializers.ModelSerializer[Department]):
    class Meta:
        model = Department
        fields = ("id", "name", "created_at", "updated_at")
        read_only_fields = ("created_at", "updated_at")


class DepartmentNameSerializer(serializers.ModelSerializer[Department]):
    class Meta:
        model = Department
        fields = ("id", "name")
        read_only_fields = fields


class DepartmentInputSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)


class UserSerializer(serializers.ModelSerializer[User]):
    """The avatar is at `/users/{id}/avatar`."""

    has_avatar = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields: tuple[str, ...] = (
            "id", "username", *_PROFILE, "department", "role", "has_avatar", "is_approved", "is_active",
            "last_login", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields

    def get_has_avatar(self, user: User) -> bool:
        return bool(user.avatar)


class AccountSerializer(UserSerializer):
    """A user as administrators see one."""

    locked_until = serializers.SerializerMethodField(help_text="Locked at some address after too many wrong passwords.")

    class Meta(UserSerializer.Meta):
        fields = (*UserSerializer.Meta.fields, "locked_until")
        read_only_fields = fields

    def get_locked_until(self, user: User) -> datetime | None:
        locked_at = getattr(user, "locked_at", None)  # by `with_locks`; one just made has none
        return locked_until(locked_at) if locked_at else None


class SessionSerializer(serializers.Serializer[Any]):
    user = UserSerializer(allow_null=True)
    rights = serializers.ListField(child=serializers.ChoiceField(choices=[right.value for right in Right]))


def session_of(user: User | None) -> dict[str, Any]:
    """Who is signed in and what that person may do."""
    rights = RIGHTS_OF_ROLE[Role(user.role)] if user else frozenset({Right.ANYBODY})
    return SessionSerializer({"user": user, "rights": sorted(rights)}).data


class SignInInputSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False)
    captcha_key = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    captcha_text = serializers.CharField(max_length=32, required=False, default="", allow_blank=True)


class CaptchaSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    image = serializers.CharField(help_text="Address of the picture on this server.")


class ProfileInputSerializer(serializers.ModelSerializer[User]):
    """What people may change about themselves: not the department, whose patients they would see."""

    class Meta:
        model = User
        fields = _PROFILE


class RegistrationInputSerializer(ProfileInputSerializer):
    password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False)
    captcha_key = serializers.CharField(max_length=40)
    captcha_text = serializers.CharField(max_length=32)

    class Meta(ProfileInputSerializer.Meta):
        fields = ("username", "password", "captcha_key", "captcha_text", "department", *_PROFILE)  # type: ignore[assignment]


class UserCreateInputSerializer(ProfileInputSerializer):
    password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False)

    class Meta(ProfileInputSerializer.Meta):
        fields = ("username", "password", "role", "department", *_PROFILE)  # type: ignore[assignment]
        extra_kwargs = {"role": {"required": True}}


class UserInputSerializer(ProfileInputSerializer):
    class Meta(ProfileInputSerializer.Meta):
        fields = ("department", "role", "is_active", *_PROFILE)  # type: ignore[assignment]


class ApprovalInputSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Role.choices)


class PasswordChangeInputSerializer(serializers.Serializer[Any]):
    old_password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False)
    new_password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False)


class PasswordSerializer(serializers.Serializer[Any]):
    password = serializers.CharField(help_text="Shown this once.")


class AvatarInputSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()


class ApiTokenSerializer(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ("id", "name", "created_at", "expires_at", "last_used_at")
        read_only_fields = fields


class ApiTokenInputSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    days = serializers.IntegerField(min_value=1, max_value=366, default=90)


class NewApiTokenSerializer(ApiTokenSerializer):
    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(ApiTokenSerializer.Meta):
        fields = (*ApiTokenSerializer.Meta.fields, "token")  # type: ignore[assignment]
