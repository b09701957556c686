import django_filters

from hemascope.web.catalogue.models import Activation


class ActivationFilter(django_filters.FilterSet):
    class Meta:
        model = Activation
        fields = ("specimen", "task", "bundle_name", "by")
