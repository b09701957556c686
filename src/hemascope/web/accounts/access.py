"""Who may see which users and tokens, and the rows of one's department."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from hemascope.web.accounts.lock_out import with_locks
from hemascope.web.accounts.models import ApiToken, Department, User
from hemascope.web.api.roles import Right, Role, has_right

ModelT = TypeVar("ModelT", bound=Model)


def users_visible_to(person: User) -> QuerySet[User]:
    """Administrators see everybody, others themselves."""
    users = with_locks(User.objects.select_related("department"))
    return users if has_right(person, Right.USERS_MANAGE) else users.filter(pk=person.pk)


def tokens_visible_to(person: User) -> QuerySet[ApiToken]:
    """One's own; not even an administrator's eyes are needed on those of others."""
    return ApiToken.objects.filter(user=person)


def departments_visible_to(_person: User) -> QuerySet[Department]:
    return departments_offered()


def departments_offered() -> QuerySet[Department]:
    """To anybody who asks for an account."""
    return Department.objects.all()


def in_department_of(person: User, rows: QuerySet[ModelT], field: str = "department") -> QuerySet[ModelT]:
    """The rows that belong to the person's department or to none; administrators get all.

    `field` leads from the row to its department (`patient__department`). Apps start their own access.py from this.
    """
    if person.role == Role.ADMINISTRATOR:
        return rows
    return rows.filter(Q(**{field: person.department_id}) | Q(**{f"{field}__isnull": True}))
