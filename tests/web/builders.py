"""Small valid rows for web tests. Each app adds its own `make_<noun>` to `tests/web/<app>/builders.py`."""

from itertools import count
from typing import Any

from hemascope.web.accounts.models import Department, User

PASSWORD = "correct horse battery"
_numbers = count(1)


def make_department(name: str | None = None) -> Department:
    return Department.objects.create(name=name or f"Department {next(_numbers)}")


def make_user(username: str | None = None, *, role: str = "viewer", **values: Any) -> User:
    """Approved and active unless told otherwise; the password is `PASSWORD`."""
    values = {"is_approved": True, "email": "somebody@lab.test"} | values
    user = User(username=username or f"{role}{next(_numbers)}", role=role, **values)
    user.set_password(PASSWORD)
    user.save()
    return user
