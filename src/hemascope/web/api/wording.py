"""Errors whose own text is English, for people who read another language.

The layers below `web` know no language, and a worker that writes down why a job failed knows no reader: of both, the
stable code says what is the matter in the language of the request, and the English text follows with the particulars.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy

from hemascope.errors import HemascopeError

_MATTER: Mapping[str, Promise] = {
    "input_not_found": gettext_lazy("The file does not exist any more"),
    "input_unreadable": gettext_lazy("The file cannot be read"),
    "image_empty": gettext_lazy("The file is empty"),
    "image_type_unsupported": gettext_lazy("This kind of image is not supported"),
    "image_truncated": gettext_lazy("The image is incomplete or damaged"),
    "image_too_large": gettext_lazy("The image is too large"),
    "image_too_small": gettext_lazy("The image is too small"),
    "counts": gettext_lazy("The clinical context is not valid"),
    "bundle": gettext_lazy("The model cannot be used"),
    "bundle_not_found": gettext_lazy("The model is not installed"),
    "manifest_schema": gettext_lazy("The model's description is not valid"),
    "bundle_hash_mismatch": gettext_lazy("The model's file is not the expected one"),
    "output": gettext_lazy("The disk cannot be written"),
    "file_store": gettext_lazy("The store of the files does not answer or refuses"),
    "worker_lost": gettext_lazy("The worker died at this work"),
    "server_error": gettext_lazy("An unexpected error"),
}


def worded(code: str, text: str) -> str:
    """In English, and where the code is none of these, `text` alone."""
    if get_language() in ("en", None) or code not in _MATTER:  # None: a command, which has no reader either
        return text
    return gettext("%(matter)s (%(text)s)") % {"matter": _MATTER[code], "text": text}


def worded_error(error: HemascopeError) -> str:
    return worded(error.code, str(error))
