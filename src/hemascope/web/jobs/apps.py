from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "hemascope.web.jobs"
