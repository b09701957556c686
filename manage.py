#!/usr/bin/env python
"""Django's commands on a developer's machine; an installation has `hemascope serve` and `hemascope maintain`."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hemascope.web.settings.dev")
execute_from_command_line(sys.argv)
