"""The tests, on SQLite or on the services that HEMASCOPE_DATABASE_URL and HEMASCOPE_QUEUE_URL name."""

import os
import tempfile
from pathlib import Path

from hemascope.web.http.logs import logging_settings
from hemascope.web.settings import environment
from hemascope.web.settings.base import *  # noqa: F403 - the way Django layers settings
from hemascope.web.settings.base import REST_FRAMEWORK

SECRET_KEY = "only for tests " * 4
IDENTITY_KEYS = ["Zm9yIHRlc3Qgb25seTogaWRlbnRpdHkga2V5ICAgICA="]
IDENTITY_INDEX_KEY = "Zm9yIHRlc3Qgb25seTogaW5kZXgga2V5ICAgICAgICA="
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
DATA_FOLDER = Path(tempfile.gettempdir()) / f"hemascope-tests-{os.getpid()}"  # never made: tests use their own folders
DATABASES = {"default": environment.database(DATA_FOLDER / "hemascope.sqlite3")}
# A file, because threads would lock each other out of a database in memory.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": f"{DATA_FOLDER}.sqlite3"}
MEDIA_ROOT = DATA_FOLDER / "files"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 costs 0.1 s for each user made
REST_FRAMEWORK = {
    **REST_FRAMEWORK,
    # Not what is tested.
    "DEFAULT_THROTTLE_RATES": dict.fromkeys(("person", "picture", "nobody", "credentials", "captcha"), "100000/s"),
}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}  # no worker: tests run jobs where they say so
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGGING = logging_settings(as_json=True)
