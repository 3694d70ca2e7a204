"""Validators for AUTH_PASSWORD_VALIDATORS."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailboxes.passwords.strength import is_guessable

ATTRIBUTES = ("username", "name", "email", "first_name", "last_name")


class GuessablePasswordValidator:
    """Refuse common words, names, patterns, and what is known of the owner."""

    def validate(self, password: str, user: object = None) -> None:
        about = [str(getattr(user, name, "") or "") for name in ATTRIBUTES]
        if is_guessable(password, about):
            raise ValidationError(
                _("This password is too easy to guess."), code="password_too_guessable"
            )

    def get_help_text(self) -> str:
        return gettext("Your password must not be easy to guess. Three unrelated words work well.")
