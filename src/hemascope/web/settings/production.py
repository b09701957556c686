"""A real installation. Loading it raises SettingsError where the environment would make it unsafe."""

from hemascope.errors import SettingsError
from hemascope.web.http.logs import logging_settings
from hemascope.web.settings import environment
from hemascope.web.settings.base import *  # noqa: F403 - the way Django layers settings
from hemascope.web.settings.base import ALLOWED_HOSTS

if environment.flag("WEB_DEBUG", default=False):
    raise SettingsError("HEMASCOPE_WEB_DEBUG is on; production never shows tracebacks to a browser, unset it")
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise SettingsError(
        f"HEMASCOPE_ALLOWED_HOSTS is '{','.join(ALLOWED_HOSTS)}'; name the hosts people type, such as lab.example.org"
    )

DATA_FOLDER = environment.data_folder()
SECRET_KEY = environment.secret_key()
IDENTITY_KEYS = environment.identity_keys()
IDENTITY_INDEX_KEY = environment.identity_index_key()
DATABASES = {"default": environment.database(DATA_FOLDER / "hemascope.sqlite3")}
MEDIA_ROOT = DATA_FOLDER / "files"
LOGGING = logging_settings(as_json=True)

# Off only on a loopback address without TLS; `hemascope serve` sees to that.
HTTPS = environment.flag("HTTPS", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from inside, past the proxy
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
CSRF_TRUSTED_ORIGINS = [f"https://{host.removeprefix('.')}" for host in ALLOWED_HOSTS] if HTTPS else []
