"""Columns that are encrypted at rest: what lies in the database is a Fernet token (AES-128-CBC with HMAC-SHA-256).

`settings.IDENTITY_KEYS` has the newest key first: it encrypts, all of them decrypt. `manage.py patients_rekey` rewrites
what older keys have encrypted, after which those can be dropped.
"""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from hemascope.errors import SettingsError


def encrypt(text: str) -> str:
    """Empty text stays empty, so that a missing phone number needs no key."""
    return _cipher(tuple(settings.IDENTITY_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """Raises SettingsError where none of the keys has encrypted `token`."""
    if not token:
        return ""
    try:
        return _cipher(tuple(settings.IDENTITY_KEYS)).decrypt(token).decode()
    except InvalidToken as error:
        raise SettingsError(
            f"none of the {len(settings.IDENTITY_KEYS)} keys in HEMASCOPE_IDENTITY_KEYS opens what is stored; "
            "add the key it was encrypted with at the end of the list"
        ) from error


@lru_cache(maxsize=8)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class EncryptedTextField(models.TextField[str, str]):
    """Text in Python, ciphertext in the column. It cannot be filtered or sorted by: equal texts differ when stored."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(super().get_prep_value(value) or "")

    def from_db_value(self, value: str, _expression: object, _connection: object) -> str:
        return decrypt(value)

    def get_lookup(self, lookup_name: str) -> None:
        """None: Django then says that the column supports no lookup, instead of finding nothing."""
        return
