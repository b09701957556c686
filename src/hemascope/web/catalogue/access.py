"""Models belong to the installation: whoever has the right `catalogue.read` sees all of them."""

from django.db.models import QuerySet

from hemascope.web.catalogue.models import Activation


def activations() -> QuerySet[Activation]:
    return Activation.objects.select_related("by")
