"""Settings of the real workers that tests start: the database of the tests, an impatient queue."""

import os

from hemascope.web.settings.base import TASKS as TASKS_OF_THE_SERVICE
from hemascope.web.settings.test import *  # noqa: F403 - the way Django layers settings
from hemascope.web.settings.test import DATABASES

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
TASKS = TASKS_OF_THE_SERVICE
JOB_LEASE_S = 1.5
JOB_SWEEP_S = 0.2
JOB_POLL_S = 0.1
