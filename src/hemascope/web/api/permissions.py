"""The check that every endpoint goes through."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from hemascope.web.api.roles import Right, has_right

if TYPE_CHECKING:
    from rest_framework.views import APIView  # DRF itself imports this module while it loads its views


class RightsView(Protocol):
    """A view that says for each of its actions which right it needs; an action without one is a fault of ours."""

    rights: ClassVar[Mapping[str, Right]]


class HasRight(BasePermission):
    """The right that `view.rights` names for the action."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        action = getattr(view, "action", None)
        if action in (None, "metadata"):  # no handler for this method, whoever asks
            raise MethodNotAllowed(request.method or "")
        return has_right(request.user, cast(RightsView, view).rights[action])
