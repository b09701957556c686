import django_filters
from django.db.models import Q, QuerySet

from hemascope.web.accounts.models import User


class UserFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_text", label="Part of user name, nickname or e-mail.")

    class Meta:
        model = User
        fields = ("role", "department", "is_approved", "is_active")

    def by_text(self, users: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        return users.filter(Q(username__icontains=value) | Q(nickname__icontains=value) | Q(email__icontains=value))
