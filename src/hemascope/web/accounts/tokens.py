"""What an API token looks like, and what is kept of it."""

import hashlib
import secrets

_PREFIX = "hema_"  # lets scanners of leaked secrets recognise one


def new_token() -> str:
    return _PREFIX + secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
