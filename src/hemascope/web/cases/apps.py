from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "hemascope.web.cases"
