"""What every endpoint is made of: rights, the person who asks, checked input, and only rows that person may see."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.db.models import Model
from rest_framework.exceptions import NotAuthenticated
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from hemascope.web.api.roles import Right

if TYPE_CHECKING:
    from hemascope.web.accounts.models import User

ModelT = TypeVar("ModelT", bound=Model)


class RightsViewSet(GenericViewSet[ModelT]):
    """`rights` names a right for every action; `get_queryset` starts from the app's `access.py`."""

    rights: ClassVar[Mapping[str, Right]]

    @property
    def person(self) -> "User":
        """Who asks. Raises NotAuthenticated where nobody is signed in."""
        if not self.request.user.is_authenticated:
            raise NotAuthenticated
        return self.request.user

    def checked(self, serializer: type[BaseSerializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The request's body as keyword arguments for an action. Raises ValidationError with the fields' errors."""
        given = serializer(data=self.request.data, partial=partial, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        validated: dict[str, Any] = given.validated_data
        return validated
