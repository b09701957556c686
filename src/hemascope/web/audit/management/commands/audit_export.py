"""`audit_export`: the audit trail as JSON lines, for another system or as a copy to compare with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hemascope.web.audit.selectors import audit_lines


class Command(BaseCommand):
    help = "Write the audit trail to standard output, one JSON object a line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--after", type=int, default=0, help="only events behind this sequence number")

    def handle(self, *_args: Any, after: int, **_options: Any) -> None:
        for line in audit_lines(after):
            self.stdout.write(line, ending="")
