"""Formatting of values for people, in the reader's language."""

from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mailboxes import texts
from mailboxes.addresses import to_unicode
from mailboxes.errors import Refused, Term, replace_unprintable
from mailboxes.sizes import NO_LIMIT, Size
from mailboxes.unicode_scripts import mixed_scripts


def error_message(error: Refused) -> str:
    """Return the translated message of a refusal."""
    text = texts.gettext(error.message)
    params = {name: value_text(value) for name, value in error.params.items()}
    return text % params if params else text


def database_message(error: BaseException) -> str:
    """Return the database's own message, with MySQL's error number where it has one."""
    *code, message = error.args or ("no message",)
    return f"{message} ({code[0]})" if code else str(message)


def value_text(value: Any) -> str:
    """Return a value as it appears in a message."""
    if isinstance(value, Refused):
        return error_message(value)
    if isinstance(value, Term):
        return texts.gettext(str(value))
    if isinstance(value, Size):
        return size(value)
    if isinstance(value, int):
        return number(value)
    return str(replace_unprintable(str(value)))


def number(count: int) -> str:
    """Return a whole number with thousands separators."""
    return number_format(count, force_grouping=True)


def size(count: int) -> str:
    """Return a size in bytes with a suitable unit; 0 means no limit."""
    if count <= 0:
        return texts.gettext(NO_LIMIT)
    amount, unit = str(Size(count)).split(" ")
    return f"{number_format(Decimal(amount))} {texts.gettext(unit)}"


def breakable(text: object) -> SafeString:
    """Return a text whose address goes on in the next line after its @, if it has to; HTML stays
    as it is.
    """
    if isinstance(text, SafeString):
        return text
    local_part, at, domain = str(text).rpartition("@")
    return format_html("{}{}<wbr>{}", local_part, at, domain) if at else format_html("{}", domain)


def script_names(name: str) -> str:
    """Return the scripts that the domain of an address or a domain mixes, or an empty string."""
    return ", ".join(texts.gettext(script) for script in mixed_scripts(to_unicode(name)))


def mixed_scripts_warning(name: str) -> str:
    """Return a warning for an address or a domain that mixes scripts, or an empty string."""
    scripts = script_names(name)
    if not scripts:
        return ""
    return texts.gettext(
        "%(name)s is displayed as “%(unicode)s”, which mixes letters of different scripts "
        "(%(scripts)s). It could be mistaken for another name."
    ) % {"name": name, "unicode": to_unicode(name), "scripts": scripts}
