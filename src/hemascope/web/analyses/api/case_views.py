"""What lies under the address of a case."""

from functools import cached_property
from typing import TypeVar

from django.db.models import Model
from django.shortcuts import get_object_or_404

from hemascope.web.api.views import RightsViewSet
from hemascope.web.cases.access import cases_visible_to
from hemascope.web.cases.models import Case

ModelT = TypeVar("ModelT", bound=Model)


class CaseViewSet(RightsViewSet[ModelT]):
    """`case` is that of `case_pk` in the address. Raises Http404 where the person may not see it."""

    @cached_property
    def case(self) -> Case:
        return get_object_or_404(cases_visible_to(self.person), pk=self.kwargs["case_pk"])
