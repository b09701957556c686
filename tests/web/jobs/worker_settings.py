"""Settings of the real workers that tests start: the database and files of the tests, an impatient queue.

With TEST_BATCHES the size of each batch of the classifier is noted in that file; from the second batch on it waits
until there is a file beside it whose name ends in `.go`.
"""

import os
import time
from pathlib import Path
from typing import Any

from hemascope.inference.classifier import Classifier
from hemascope.web.settings.base import TASKS as TASKS_OF_THE_SERVICE
from hemascope.web.settings.test import *  # noqa: F403 - the way Django layers settings
from hemascope.web.settings.test import DATABASES

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
MEDIA_ROOT = os.environ["TEST_FILES"]
TASKS = TASKS_OF_THE_SERVICE
JOB_LEASE_S = 1.5
JOB_SWEEP_S = 0.2
JOB_POLL_S = 0.1

if "TEST_BATCHES" in os.environ:
    _classify_really = Classifier._classify_batch

    def _classify(self: Classifier, crops: Any) -> Any:
        path = Path(os.environ["TEST_BATCHES"])
        with path.open("a") as file:
            file.write(f"{len(crops)}\n")
        while len(path.read_text().split()) > 1 and not path.with_suffix(".go").exists():
            time.sleep(0.05)
        return _classify_really(self, crops)

    Classifier._classify_batch = _classify  # type: ignore[method-assign]
