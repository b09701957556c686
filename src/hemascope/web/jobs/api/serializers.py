from rest_framework import serializers

from hemascope.web.jobs.models import Job


class JobSerializer(serializers.ModelSerializer[Job]):
    name = serializers.SerializerMethodField()
    error_message = serializers.CharField(source="reason", read_only=True)
    requested_by_name = serializers.CharField(source="requested_by.username", default="")

    class Meta:
        model = Job
        fields = (
            "id", "name", "status", "attempts", "max_attempts", "is_cancel_wanted", "progress_done", "progress_total",
            "error_code", "error_message", "requested_by", "requested_by_name", "created_at", "started_at",
            "finished_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_name(self, job: Job) -> str:
        return job.body.rpartition(".")[2]
