"""The picture with letters that a person reads and a program does not."""

from axes.handlers.proxy import AxesProxyHandler
from captcha.models import CaptchaStore
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from hemascope.errors import CaptchaError
from hemascope.web.accounts.models import normal_username


def captcha_create() -> dict[str, str]:
    """`key` and the address of the picture; good for one try within five minutes."""
    CaptchaStore.remove_expired()
    key = CaptchaStore.generate_key()
    return {"key": key, "image": reverse("captcha-image", kwargs={"key": key})}


def captcha_check(*, key: str, text: str) -> None:
    """Uses the picture up. Raises CaptchaError where the text is not what it shows."""
    captcha = CaptchaStore.objects.filter(hashkey=key, expiration__gt=timezone.now()).first()
    if captcha is None:
        raise CaptchaError(_("Read the letters of a new picture and type them in."))
    captcha.delete()
    if captcha.response != text.strip().lower():
        raise CaptchaError(_("These are not the letters of the picture; try the next one."))


def needs_captcha(request: HttpRequest, username: str) -> bool:
    """Whether this name was tried with a wrong password too often from this address."""
    failures = AxesProxyHandler.get_failures(request, {"username": normal_username(username)})
    return bool(failures >= settings.CAPTCHA_AFTER_FAILURES)
