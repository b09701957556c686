"""Finding encrypted names without decrypting them: keyed hashes of what people type, kept beside the patient.

A token is the first 64 bits of HMAC-SHA-256 under `settings.IDENTITY_INDEX_KEY`, which no ciphertext uses. Who reads
the database without the key learns which patients share a beginning of a name, and how often, but not which.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterator

from django.conf import settings

LONGEST_PREFIX = 16  # characters of a name that search looks at
_MOST_BEGINNINGS = 8  # words, or Chinese characters, of a name at which search may begin


def normal_text(text: str) -> str:
    """Without case, width, accents, spaces and punctuation: '  Ｗang, Xiǎo-ming' becomes 'wangxiaoming'."""
    return "".join(character for word in _words(text) for character in word)


def name_tokens(name: str) -> set[int]:
    """One for every text that finds this name: each beginning of each of its words, and of each Chinese character."""
    return {_token("name", prefix) for prefix in _prefixes(name)}


def name_query_token(text: str) -> int | None:
    """The token that names found by `text` have; None where nothing of it can be searched for."""
    normal = normal_text(text)[:LONGEST_PREFIX]
    return _token("name", normal) if normal else None


def exact_token(kind: str, text: str) -> int | None:
    """For numbers (`id_card`, `phone`), which are only found whole; None where `text` holds nothing of one."""
    normal = normal_text(text)
    return _token(kind, normal) if normal else None


def _prefixes(name: str) -> Iterator[str]:
    words = _words(name)
    for first in range(min(len(words), _MOST_BEGINNINGS)):
        rest = "".join(words[first:])[:LONGEST_PREFIX]
        yield from (rest[:length] for length in range(1, len(rest) + 1))


def _words(text: str) -> list[str]:
    """Split at everything that is no letter or digit; each Chinese character is a word."""
    words: list[str] = []
    joins = False  # whether the next letter continues the last word
    for character in unicodedata.normalize("NFKD", text).casefold():
        if unicodedata.combining(character):
            continue
        is_ideograph = unicodedata.category(character) == "Lo"
        if character.isalnum() and joins and not is_ideograph:
            words[-1] += character
        elif character.isalnum():
            words.append(character)
        joins = character.isalnum() and not is_ideograph
    return words


def _token(kind: str, text: str) -> int:
    key = settings.IDENTITY_INDEX_KEY.encode()
    digest = hmac.digest(key, f"{kind}:{text}".encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "big", signed=True)
