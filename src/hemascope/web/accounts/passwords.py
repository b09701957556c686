"""Rules for passwords beside those of Django."""

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import ngettext


class LengthValidator(MinimumLengthValidator):
    """Says what Django's says; its catalogue lacks the sentence in Chinese, ours has it."""

    def get_error_message(self) -> str:
        message = ngettext(
            "This password is too short. It must contain at least %d character.",
            "This password is too short. It must contain at least %d characters.",
            self.min_length,
        )
        return message % self.min_length
