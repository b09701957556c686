from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from hemascope.web.api.roles import Right
from hemascope.web.api.views import RightsViewSet
from hemascope.web.catalogue.access import activations
from hemascope.web.catalogue.actions import model_activate, model_roll_back
from hemascope.web.catalogue.api.filters import ActivationFilter
from hemascope.web.catalogue.api.serializers import (
    ActivationInputSerializer,
    ActivationSerializer,
    ActiveModelSerializer,
    BundleCardSerializer,
    BundleSerializer,
    RollBackInputSerializer,
)
from hemascope.web.catalogue.models import Activation
from hemascope.web.catalogue.selectors import active_models, installed_model, installed_models


class BundleViewSet(RightsViewSet[Activation]):
    """What is installed on this machine; not a table, so nothing is paged."""

    rights = {"list": Right.CATALOGUE_READ, "retrieve": Right.CATALOGUE_READ}
    serializer_class = BundleSerializer
    lookup_field = "name"
    pagination_class = None
    filter_backends = []

    @extend_schema(responses=BundleSerializer(many=True))
    def list(self, request: Request) -> Response:
        return Response(BundleSerializer(installed_models(), many=True).data)

    @extend_schema(parameters=[OpenApiParameter("name", OpenApiTypes.STR, "path")], responses=BundleCardSerializer)
    def retrieve(self, request: Request, name: str) -> Response:
        """With its card."""
        return Response(BundleCardSerializer(installed_model(name)).data)


class ActiveModelViewSet(RightsViewSet[Activation]):
    rights = {"list": Right.CATALOGUE_READ}
    serializer_class = ActiveModelSerializer
    pagination_class = None
    filter_backends = []

    @extend_schema(responses=ActiveModelSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Which bundle examines which specimens."""
        return Response(ActiveModelSerializer(active_models(), many=True).data)


class ActivationViewSet(mixins.ListModelMixin, RightsViewSet[Activation]):
    rights = {
        "list": Right.CATALOGUE_READ,
        "create": Right.CATALOGUE_MANAGE,
        "roll_back": Right.CATALOGUE_MANAGE,
    }
    serializer_class = ActivationSerializer
    queryset = Activation.objects.none()
    filterset_class = ActivationFilter
    ordering = ("-pk",)
    ordering_fields = ("at",)

    def get_queryset(self) -> QuerySet[Activation]:
        return activations()

    @extend_schema(request=ActivationInputSerializer, responses={201: ActivationSerializer})
    def create(self, request: Request) -> Response:
        """Use another bundle from now on."""
        activation = model_activate(by=self.person, **self.checked(ActivationInputSerializer))
        return Response(ActivationSerializer(activation).data, status.HTTP_201_CREATED)

    @extend_schema(request=RollBackInputSerializer, responses={201: ActivationSerializer})
    @action(detail=False, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request) -> Response:
        """Use again what was used before."""
        activation = model_roll_back(by=self.person, **self.checked(RollBackInputSerializer))
        return Response(ActivationSerializer(activation).data, status.HTTP_201_CREATED)
