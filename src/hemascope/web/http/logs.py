"""The log: one JSON object a line (or readable lines for developers), with the request's or job's id in each.

Request bodies, query strings and cookies are never logged: they may hold names and passwords.
"""

from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def logging_settings(*, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING; also makes structlog's loggers write there."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django.request": {"level": "ERROR"},  # the request's own line says 4xx already
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # anybody can cause them; the line says 400
            "axes": {"level": "WARNING"},  # sign-ins are in the audit trail
            "django.db.backends": {"level": "WARNING"},  # statements hold data
            "weasyprint": {"level": "ERROR"},  # it tells of every rule for screens, and of every page
            "weasyprint.progress": {"level": "ERROR"},
            "fontTools": {"level": "ERROR"},
        },
    }
