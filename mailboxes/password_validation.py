"""The validator for AUTH_PASSWORD_VALIDATORS: judges administrators' passwords like owners'."""

from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.passwords.strength import MIN_LENGTH, check_strength

PASSWORD_HELP = format_lazy(
    _("At least {limit} characters. Three unrelated words work well."), limit=MIN_LENGTH
)
ATTRIBUTES = ("username", "email", "first_name", "last_name")


class StrengthValidator:
    """Refuse passwords that are short, or easy to guess by someone who knows the administrator."""

    def validate(self, password: str, user: object = None) -> None:
        try:
            check_strength(password, [str(getattr(user, name, "") or "") for name in ATTRIBUTES])
        except Refused as error:
            raise ValidationError(error_message(error), code=error.code) from error

    def get_help_text(self) -> str:
        return str(PASSWORD_HELP)
