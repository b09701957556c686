"""Who uses the workstation."""

import unicodedata
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hemascope.web.accounts.choices import Language, Sex
from hemascope.web.api.roles import Role


class Department(models.Model):
    name = models.CharField(
        max_length=100, unique=True, error_messages={"unique": _("Department with this Name already exists.")}
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username=normal_username(username or ""))


def normal_username(username: str) -> str:
    """Lower case and one form of Unicode, because databases disagree on which names are equal."""
    return unicodedata.normalize("NFKC", username).strip().lower()


class User(AbstractBaseUser):
    """Table 6.1 of the thesis, with a role in place of `is_superuser`. Users are never deleted: events name them."""

    username = models.CharField(
        max_length=150,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("User with this Username already exists.")},
    )
    nickname = models.CharField(max_length=40, blank=True)
    email = models.EmailField(max_length=254)
    phone = models.CharField(max_length=40, blank=True)
    avatar = models.FileField(upload_to="avatars", blank=True)
    sex = models.CharField(max_length=10, choices=Sex.choices, default=Sex.UNSTATED, blank=True)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="users")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    language = models.CharField(max_length=5, choices=Language.choices, default=Language.ENGLISH)
    is_approved = models.BooleanField(default=False)  # an administrator accepted the registration
    is_active = models.BooleanField(default=True)  # False: may no longer sign in
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        ordering = ("username",)

    def __str__(self) -> str:
        return self.nickname or self.username

    def clean(self) -> None:
        self.username = normal_username(self.username)

    @property
    def may_sign_in(self) -> bool:
        return self.is_active and self.is_approved


class ApiToken(models.Model):
    """A program's access in the name of a user. Only the hash is kept: the token is shown once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256; enough for 256 random bits
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()
