from django.apps import AppConfig


class AnalysesConfig(AppConfig):
    name = "hemascope.web.analyses"
