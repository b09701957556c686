from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "hemascope.web.patients"
