"""With which of its settings PostfixAdmin can check passwords, old ones and those of this panel.

Each combination was tried with PostfixAdmin 3.3.13, 3.3.15 and 4.0.5 themselves.
"""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailHost
from mailboxes.formats import number
from mailboxes.inspection.lines import Line
from mailboxes.variants import VARIANTS, Scheme

ALWAYS, NEVER = _("any setting but authlib"), _("no setting")
NEARLY_ALWAYS = _("any setting but authlib and php_crypt:…")
HEX = "32 hex digits"
FORMS = {
    "mysql_md5": HEX,
    "sha512_crypt": "$6$",
    "dovecot_sha512_crypt": "{SHA512-CRYPT}",
    "dovecot_blf_crypt": "{BLF-CRYPT}",
    "dovecot_cram_md5": "{CRAM-MD5}",
    "dovecot_argon2id": "{ARGON2ID}",
    "dovecot_scram_sha_256": "{SCRAM-SHA-256}",
}
"""What each handler writes, as `rows.password_form` names it."""

READ_BY_3 = {
    HEX: "md5, dovecot:PLAIN-MD5",
    "$6$": "php_crypt, system, mysql_encrypt",
    "{SHA512-CRYPT}": "php_crypt, dovecot:…",
    "{BLF-CRYPT}": "php_crypt, dovecot:…",
    "{CRAM-MD5}": "dovecot:…",
    "{ARGON2ID}": "dovecot:…",
    "{SCRAM-SHA-256}": "dovecot:…",
}
READ_BY_4 = {
    HEX: "md5, dovecot:PLAIN-MD5",
    "$6$": "php_crypt, md5crypt, system, CRYPT",
    "{SHA512-CRYPT}": ALWAYS,
    "{BLF-CRYPT}": ALWAYS,
    "{ARGON2ID}": NEARLY_ALWAYS,
    "{CRAM-MD5}": "dovecot:CRAM-MD5",
    "{SCRAM-SHA-256}": NEVER,
}
"""The values of $CONF['encrypt'] in PostfixAdmin's configuration with which it reads a form."""

OTHER_SCHEME = _("Choose another MAIL_PASSWORD_SCHEME.")
SET_IT = _("Set this as $CONF['encrypt'] in PostfixAdmin before passwords are set here.")
UNREAD = _("PostfixAdmin can't check %(count)s of the existing passwords with it.")


def lines(product: str, passwords: Mapping[str, int], host: MailHost) -> Iterator[Line]:
    """Yield with which setting PostfixAdmin reads each scheme, and which reads all passwords."""
    for scheme in VARIANTS[host.variant.name].schemes.values():
        stored = _("This is MAIL_PASSWORD_SCHEME, in which new passwords are stored.")
        yield Line(
            f"old_panel_reads_{scheme.name.lower().replace('-', '_')}",
            _("PostfixAdmin's “encrypt” to read %(scheme)s") % {"scheme": scheme.name},
            str(read_by(product)[FORMS[scheme.handler]]),
            stored if scheme == host.scheme else "",
        )
    label = _("PostfixAdmin's “encrypt” to read existing and new passwords")
    setting = common_setting(product, passwords, host.scheme)
    if not setting:
        yield Line("old_panel_setting", label, str(NEVER), OTHER_SCHEME)
        return
    unread = sum(passwords.values()) - count_read(product, setting, passwords)
    more = f" {UNREAD % {'count': number(unread)}}" if unread else ""
    yield Line("old_panel_setting", label, setting, f"{SET_IT}{more}")


def common_setting(product: str, passwords: Mapping[str, int], scheme: Scheme) -> str:
    """Return the setting that reads new passwords and most of these forms; empty if none does."""
    settings = ("php_crypt", "md5", f"dovecot:{scheme.name}", "dovecot:PLAIN-MD5")
    new = FORMS[scheme.handler]
    reading = [setting for setting in settings if reads(product, setting, new)]
    return max(reading, key=lambda one: count_read(product, one, passwords), default="")


def count_read(product: str, setting: str, passwords: Mapping[str, int]) -> int:
    return sum(count for form, count in passwords.items() if reads(product, setting, form))


def reads(product: str, setting: str, form: str) -> bool:
    """Say whether PostfixAdmin reads a form with this setting: php_crypt, md5 or dovecot:…."""
    if not is_3(product) and form in ("{SHA512-CRYPT}", "{BLF-CRYPT}", "{ARGON2ID}"):
        return True
    family, _colon, scheme = setting.partition(":")
    if family == "php_crypt":
        return form.startswith("$") or form == "DES" or form.endswith("CRYPT}")
    if family == "md5" or form == HEX:
        return form == HEX and setting in ("md5", "dovecot:PLAIN-MD5")
    if not is_3(product) and form in ("{CRAM-MD5}", "{SCRAM-SHA-256}"):
        return form == "{CRAM-MD5}" == f"{{{scheme}}}"
    return form.startswith("{") and form.endswith("}")


def is_3(product: str) -> bool:
    return product.startswith("PostfixAdmin 3")


def read_by(product: str) -> dict[str, object]:
    return dict(READ_BY_3 if is_3(product) else READ_BY_4)


def reading_settings(product: str, form: str) -> str:
    """Return the settings with which PostfixAdmin reads this form; empty if nearly any will do."""
    found = read_by(product).get(form, ALWAYS)
    return "" if found is ALWAYS else str(found)
