"""What all installations share. What differs comes from HEMASCOPE_* variables: docs/workstation/settings.md."""

from datetime import timedelta
from pathlib import Path

from hemascope.web.settings import environment

WEB_FOLDER = Path(__file__).resolve().parent.parent

FILES_URL = environment.text("FILES_URL")  # s3://..., or empty for the data folder
QUEUE_URL = environment.text("QUEUE_URL")  # redis://..., or empty for the queue in the database
TRUSTED_PROXIES = environment.number("TRUSTED_PROXIES", 0)  # how many proxies in front append to X-Forwarded-For

DEBUG = False
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS")
ROOT_URLCONF = "hemascope.web.urls"
WSGI_APPLICATION = "hemascope.web.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False  # the addresses of the API have no slash at the end

INSTALLED_APPS = [
    "django.contrib.contenttypes",  # needed by auth
    "django.contrib.auth",  # password hashing and sign-in; its groups and permissions are not used
    "django.contrib.sessions",
    "django.contrib.staticfiles",  # the API browser's own files
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "captcha",
    "django_tasks",
    "django_tasks_db",
    "hemascope.web.audit",
    "hemascope.web.jobs",
    "hemascope.web.accounts",
    "hemascope.web.patients",
    "hemascope.web.cases",
    "hemascope.web.analyses",
    "hemascope.web.reviews",
    "hemascope.web.catalogue",
    "hemascope.web.reports",
]

MIDDLEWARE = [
    "hemascope.web.http.request_context.request_context",  # first: every line of the log has the request's id
    "hemascope.web.http.measuring.measuring",
    "django.middleware.security.SecurityMiddleware",
    "hemascope.web.http.security_headers.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}}]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [WEB_FOLDER / "locale"]  # one catalogue for all apps
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # straight out of the installed packages, without a folder to collect into
WHITENOISE_ALLOW_ALL_ORIGINS = False
APP_FOLDER = WEB_FOLDER / "app"  # the browser's application, where `make app` has built it
WHITENOISE_ROOT = APP_FOLDER if APP_FOLDER.is_dir() else None
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/assets/"  # their names hold a hash of their content

STORAGES = {
    "default": environment.file_store(),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.AllowAllUsersModelBackend",  # `sign_in` tells the not yet approved why
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "hemascope.web.accounts.passwords.LengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

SESSION_COOKIE_AGE = 12 * 3600  # a working day
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"  # not HttpOnly: the page's script sends it back in X-CSRFToken
CSRF_FAILURE_VIEW = "hemascope.web.api.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Sign-in: a CAPTCHA from the 3rd wrong password on, locked for 15 minutes from the 10th (one user name, one address).
CAPTCHA_AFTER_FAILURES = 3
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "hemascope.web.http.request_context.client_address"
AXES_LOCKOUT_CALLABLE = "hemascope.web.accounts.lock_out.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else anybody could keep a colleague locked out for ever
AXES_DISABLE_ACCESS_LOG = True  # sign-ins are in the audit trail
AXES_VERBOSE = False
CAPTCHA_LENGTH = 5
CAPTCHA_TIMEOUT = 5  # minutes
CAPTCHA_FONT_SIZE = 36  # larger than the default: readable for people with weak eyes

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes of a request body that is no file
AVATAR_MAX_BYTES = 2 * 1024 * 1024
_MIB = 1024 * 1024
UPLOAD_MAX_BYTES = environment.number("UPLOAD_MAX_MIB", 512, least=1) * _MIB  # of one file, also inside a ZIP archive
UPLOAD_MAX_REQUEST_BYTES = environment.number("UPLOAD_MAX_REQUEST_MIB", 4096, least=1) * _MIB  # unpacked, too
UPLOAD_MAX_PIXELS = environment.number("UPLOAD_MAX_PIXELS", 100_000_000, least=1)
UPLOAD_MAX_FILES = environment.number("UPLOAD_MAX_FILES", 500, least=1)  # in one request, those in archives counted
CASE_MAX_FIELDS = environment.number("CASE_MAX_FIELDS", 5000, least=1)
DATA_UPLOAD_MAX_NUMBER_FILES = UPLOAD_MAX_FILES
PATIENT_IMPORT_MAX_BYTES = environment.number("IMPORT_MAX_MB", 5, least=1) * 1024 * 1024
PATIENT_IMPORT_MAX_ROWS = environment.number("IMPORT_MAX_ROWS", 5000, least=1)
BACKUP_MAX_AGE_H = environment.number("BACKUP_MAX_AGE_H", 0)  # the dashboard and the doctor warn then; 0: never

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "hemascope.web.accounts.authentication.TokenAuthentication",  # first: its challenge makes a 401 of "nobody"
        "hemascope.web.accounts.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["hemascope.web.api.permissions.HasRight"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "hemascope.web.api.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "hemascope.web.api.ordering.StableOrdering",
    ],
    "DEFAULT_THROTTLE_CLASSES": [
        "hemascope.web.api.throttling.PersonThrottle",
        "rest_framework.throttling.ScopedRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "person": "1200/min",
        "picture": "200/s",  # a second's requests are a short list to keep
        "nobody": "120/min",
        "credentials": "20/min",
        "captcha": "30/min",  # its own: each wrong password draws a picture, and a name is to be locked first
    },
    "DEFAULT_SCHEMA_CLASS": "hemascope.web.api.schema.ApiSchema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is answered with 405
    "EXCEPTION_HANDLER": "hemascope.web.api.errors.error_response",
    "NUM_PROXIES": TRUSTED_PROXIES,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Hemascope workstation",
    "DESCRIPTION": "For Research Use Only. Not for use in diagnostic procedures.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,  # what is sent and what is answered are different types
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "CellClass": "hemascope.web.analyses.choices.CELL_CLASSES",
        "JobStatus": "hemascope.web.jobs.choices.JobStatus",
        "Role": "hemascope.web.api.roles.Role",
        "Language": "hemascope.web.accounts.choices.Language",
        "Sex": "hemascope.web.accounts.choices.Sex",
        "ImportMode": "hemascope.web.patients.choices.ImportMode",
        "Specimen": "hemascope.web.cases.choices.Specimen",
        "Stain": "hemascope.web.cases.choices.Stain",
        "ModelTask": "hemascope.web.catalogue.choices.ModelTask",
        "M4Percent": "hemascope.web.reports.models.M4_PERCENT",
        "DashboardWarningCode": "hemascope.web.dashboard.warnings.WarningCode",
        "CaseState": "hemascope.web.cases.choices.CaseState",
    },
}

TASKS = {
    "default": {
        "BACKEND": (
            "hemascope.web.jobs.celery_backend.CeleryBackend" if QUEUE_URL else "django_tasks_db.DatabaseBackend"
        ),
        "QUEUES": ["default"],
    }
}
JOB_POLL_S = 0.5  # how often a worker of the embedded queue looks for work
JOB_LEASE_S = environment.number("JOB_LEASE_S", 30, least=1)  # a worker silent for so long is taken for dead
JOB_SWEEP_S = 5.0  # how often workers look for jobs of dead ones
JOB_RETRY_S = 10.0  # before the second attempt; doubled for each further one
RECOGNISED_TOGETHER_CELLS = 256  # 8 batches: a worker takes waiting runs of other cases along until it has as many

CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": QUEUE_URL}
        if QUEUE_URL
        else {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",  # throttles then count in each process
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # the default of 300 would drop throttles for identities shown
        }
    )
}
