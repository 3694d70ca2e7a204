"""Form inputs: an address in two parts, a size with its unit, a password with buttons.

Each works without JavaScript; static/mailadmin/forms.js adds the rest.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from mailboxes.passwords.generate import ALPHABET
from mailboxes.sizes import UNITS, exact_size

Context = dict[str, Any]

SIZES = {"M": "MiB", "G": "GiB", "T": "TiB", "K": "KiB", "": _("bytes")}
MEGABYTES = {"M": "MB", "G": "GB", "T": "TB", "": _("bytes")}
"""The units where a megabyte isn't a multiple of 1024."""


def domain_choices(domains: Sequence[str]) -> list[tuple[str, Any]]:
    """Return the choices for a domain; the only one is chosen already."""
    first = [("", _("Choose…"))] if len(domains) != 1 else []
    return [*first, *((domain, domain) for domain in domains)]


class AddressInput(forms.MultiWidget):
    """Local part and domain side by side; a whole address in the first part is enough."""

    template_name = "mailboxes/widgets/address.html"
    use_fieldset = True

    def __init__(self, domains: Sequence[str] = (), many: bool = False) -> None:
        self.domains = domains
        name = forms.TextInput(
            {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        )
        domain = (
            forms.TextInput({"autocomplete": "off", "list": "domains", "spellcheck": "false"})
            if many
            else forms.Select(choices=domain_choices(domains))
        )
        super().__init__([name, domain])
        self.many = many

    def get_context(self, name: str, value: object, attrs: Context | None) -> Context:
        context = super().get_context(name, value, attrs)
        labels = (_("local part"), _("domain"))
        for part, label in zip(context["widget"]["subwidgets"], labels, strict=True):
            part["attrs"]["aria-label"] = label
            part["attrs"].pop("required", None)  # the first may contain a whole address
        context["widget"]["subwidgets"][1]["attrs"].pop("autofocus", None)
        return context | {"domains": self.domains if self.many else ()}

    def decompress(self, value: object) -> list[str]:
        name, _at, domain = str(value or "").rpartition("@")
        return [name, domain]

    def value_from_datadict(self, data: Mapping[str, object], files: Any, name: str) -> Any:
        local_part, domain = super().value_from_datadict(data, files, name)
        local_part, domain = (local_part or "").strip(), (domain or "").strip()
        if "@" in local_part:
            return str(local_part)
        return f"{local_part}@{domain}" if local_part or domain else ""


class TargetsInput(forms.Textarea):
    """Addresses, one per line; while one is typed, those that the panel knows are suggested."""

    def __init__(self) -> None:
        super().__init__({"rows": 5, "cols": 50, "spellcheck": "false", "autocapitalize": "none"})

    def get_context(self, name: str, value: object, attrs: Context | None) -> Context:
        context: Context = super().get_context(name, value, attrs)
        context["widget"]["attrs"] |= {
            "data-suggest": reverse("suggest-targets"),
            "data-suggest-label": _("Suggestions"),
            "data-suggest-found": _("Suggestions: %s. Choose one with the arrow keys."),
        }
        return context


class SizeInput(forms.MultiWidget):
    """A number and its unit; a whole size in the first part is enough."""

    template_name = "mailboxes/widgets/size.html"
    use_fieldset = True

    def __init__(self, units: Mapping[str, Any] = SIZES) -> None:
        number = forms.TextInput({"inputmode": "decimal", "autocomplete": "off", "size": 8})
        super().__init__([number, forms.Select(choices=list(units.items()))])

    def get_context(self, name: str, value: object, attrs: Context | None) -> Context:
        context: Context = super().get_context(name, value, attrs)
        labels = (_("number"), _("unit"))
        for part, label in zip(context["widget"]["subwidgets"], labels, strict=True):
            part["attrs"]["aria-label"] = label
        context["widget"]["subwidgets"][1]["attrs"].pop("autofocus", None)
        return context

    def decompress(self, value: object) -> list[str]:
        text = exact_size(value) if isinstance(value, int) else str(value or "")
        if text in ("", "0", "-1"):
            return [text, "G"]
        unit = text[-1] if text[-1] in UNITS else ""
        return [text.removesuffix(unit), unit]

    def value_from_datadict(self, data: Mapping[str, object], files: Any, name: str) -> Any:
        number, unit = super().value_from_datadict(data, files, name)
        number = (number or "").strip()
        if number and number[-1].isdecimal() and number not in ("0", "-1"):
            return f"{number}{unit or ''}"
        return number or "0"


class NewPasswordInput(forms.PasswordInput):
    """A new password, with buttons to generate, show and copy it, and the server's judgement.

    After an error it keeps what was typed: the password may have been copied and passed on already.
    `confirmation` names the field that repeats the password.
    """

    template_name = "mailboxes/widgets/password.html"
    username = ""
    """The mailbox's address or the administrator's name, unless the form has a field for it."""

    def __init__(self, confirmation: str, account: str = "mailbox") -> None:
        self.confirmation = confirmation
        self.account = account
        super().__init__({"autocomplete": "new-password"}, render_value=True)

    def get_context(self, name: str, value: object, attrs: Context | None) -> Context:
        context = super().get_context(name, value, attrs)
        own_id = str(context["widget"]["attrs"].get("id", ""))
        return context | {
            "account": self.account,
            "alphabet": ALPHABET,
            "confirmation": own_id.replace(name, self.confirmation),
            "username": self.username,
        }
