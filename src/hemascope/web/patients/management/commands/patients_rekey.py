"""`patients_rekey`: the last step of changing the keys of the identities."""

from typing import Any

from django.core.management.base import BaseCommand

from hemascope.web.patients.actions import patients_rekey


class Command(BaseCommand):
    help = (
        "Encrypt all identities with the first of HEMASCOPE_IDENTITY_KEYS and make the search index anew with "
        "HEMASCOPE_IDENTITY_INDEX_KEY. Afterwards older keys can be dropped."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{patients_rekey()} patients")
