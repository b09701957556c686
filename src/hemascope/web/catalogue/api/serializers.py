"""What is sent and answered about models. Classes named *Input are bodies of requests, the others are answers."""

from typing import Any

from rest_framework import serializers

from hemascope.web.api.serializers import MAX_VERSION
from hemascope.web.catalogue.choices import SPECIMENS, ModelTask
from hemascope.web.catalogue.models import Activation


class BundleSerializer(serializers.Serializer[Any]):
    """An `InstalledModel`: all but name and problem are null where the bundle cannot be used."""

    name = serializers.CharField()
    is_shipped = serializers.BooleanField()
    problem = serializers.CharField(help_text="Why it cannot be used; empty: its hash was verified.")
    version = serializers.CharField(source="manifest.version", default=None, allow_null=True)
    task = serializers.CharField(source="manifest.task", default=None, allow_null=True)
    architecture = serializers.CharField(source="manifest.architecture", default=None, allow_null=True)
    precision = serializers.CharField(source="manifest.precision", default=None, allow_null=True)
    classes = serializers.ListField(
        child=serializers.CharField(), source="manifest.classes", default=None, allow_null=True
    )
    metrics = serializers.DictField(
        child=serializers.FloatField(), source="manifest.metrics", default=None, allow_null=True
    )
    datasets = serializers.ListField(
        child=serializers.CharField(), source="manifest.data", default=None, allow_null=True
    )
    licence = serializers.CharField(source="manifest.licence", default=None, allow_null=True)
    sha256 = serializers.CharField(source="manifest.onnx_sha256", default=None, allow_null=True)


class BundleCardSerializer(BundleSerializer):
    card = serializers.CharField(help_text="Markdown.")


class ActiveModelSerializer(serializers.Serializer[Any]):
    specimen = serializers.ChoiceField(choices=SPECIMENS)
    task = serializers.ChoiceField(choices=ModelTask.choices)
    number = serializers.IntegerField(help_text="Sent back to activate another; 0: the shipped default.")
    bundle = serializers.CharField(source="bundle_name")
    sha256 = serializers.CharField(source="bundle_sha256", allow_null=True)
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)


class ActivationSerializer(serializers.ModelSerializer[Activation]):
    by_name = serializers.CharField(source="by.username")

    class Meta:
        model = Activation
        fields = (
            "id", "specimen", "task", "number", "bundle_name", "bundle_version", "bundle_sha256", "reason", "restores",
            "by", "by_name", "at",
        )  # fmt: skip
        read_only_fields = fields


class RollBackInputSerializer(serializers.Serializer[Any]):
    specimen = serializers.ChoiceField(choices=SPECIMENS)
    task = serializers.ChoiceField(choices=ModelTask.choices)
    number = serializers.IntegerField(min_value=0, max_value=MAX_VERSION)
    reason = serializers.CharField(max_length=1000)


class ActivationInputSerializer(RollBackInputSerializer):
    bundle = serializers.CharField(max_length=100)
