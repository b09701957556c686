from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "hemascope.web.catalogue"
