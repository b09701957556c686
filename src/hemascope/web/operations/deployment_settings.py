"""The settings of an installation, judged by Django's own deployment checks and ours."""

import os
from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from hemascope.service.health import Finding
from hemascope.web.installation import SETTINGS

_MEANT = {"security.W021"}  # to be on browsers' preload lists is the decision of who owns the domain
_OF_HTTPS = {"security.W004", "security.W008", "security.W012", "security.W016"}  # one finding of ours instead


def examine_settings() -> Iterator[Finding]:
    module = os.environ["DJANGO_SETTINGS_MODULE"]
    if module != SETTINGS:
        yield Finding("broken", "settings", f"'{module}' is not for a deployment, '{SETTINGS}' is")
        return
    yield Finding("ok", "settings", f"production; hosts {', '.join(settings.ALLOWED_HOSTS)}")
    if settings.SESSION_COOKIE_SECURE:  # as HEMASCOPE_HTTPS says
        yield Finding("ok", "HTTPS", "secure cookies, redirect and HSTS are on")
        yield _proxies()
    else:
        yield Finding("note", "HTTPS", "is off, which is only right for a browser on this same machine")
    tags = [checks.Tags.security, checks.Tags.database]
    for message in checks.run_checks(tags=tags, include_deployment_checks=True, databases=["default"]):
        if message.id not in _MEANT | _OF_HTTPS:
            is_error = message.level >= checks.ERROR
            text = " ".join(str(message.msg).split())
            yield Finding("broken" if is_error else "note", f"check {message.id}", text)


def _proxies() -> Finding:
    if settings.TRUSTED_PROXIES:
        return Finding("ok", "proxies", f"{settings.TRUSTED_PROXIES} in front are believed about the client's address")
    return Finding(
        "broken",
        "proxies",
        "HEMASCOPE_TRUSTED_PROXIES is 0: everybody seems to come from the proxy, so that all share its limits; "
        "set it to 1 behind one proxy",
    )
