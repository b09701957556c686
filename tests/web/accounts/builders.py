from captcha.models import CaptchaStore

from hemascope.web.accounts.actions import token_create
from hemascope.web.accounts.models import ApiToken, User


def make_token(user: User, *, days: int = 30) -> tuple[ApiToken, str]:
    return token_create(user=user, name="program", days=days)


def solved_captcha() -> dict[str, str]:
    """What a person who has read the picture sends."""
    key = CaptchaStore.generate_key()
    return {"captcha_key": key, "captcha_text": CaptchaStore.objects.get(hashkey=key).response}
