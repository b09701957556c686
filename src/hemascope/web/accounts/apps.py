from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "hemascope.web.accounts"

    def ready(self) -> None:
        import_module("hemascope.web.accounts.api.schema")  # registers itself
