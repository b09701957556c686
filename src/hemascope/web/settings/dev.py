"""A developer's machine: `python manage.py runserver`; the data lies in demo/web."""

from hemascope.web.http.logs import logging_settings
from hemascope.web.settings import environment
from hemascope.web.settings.base import *  # noqa: F403 - the way Django layers settings

DEBUG = True
SECRET_KEY = "for development only, production refuses it"
IDENTITY_KEYS = ["Zm9yIGRldiBvbmx5OiBpZGVudGl0eSBrZXkgICAgICA="]
IDENTITY_INDEX_KEY = "Zm9yIGRldiBvbmx5OiBpbmRleCBrZXkgICAgICAgICA="
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
DATA_FOLDER = environment.data_folder("demo/web")
DATA_FOLDER.mkdir(parents=True, exist_ok=True)
DATABASES = {"default": environment.database(DATA_FOLDER / "hemascope.sqlite3")}
MEDIA_ROOT = DATA_FOLDER / "files"
LOGGING = logging_settings(as_json=False)
