"""Which of the passwords that this panel writes PostfixAdmin can still check.

Each combination was tried with PostfixAdmin's own code, except MD5 and bare crypt(3) in 4.x.
"""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailHost
from mailboxes.inspection.lines import Line
from mailboxes.variants import VARIANTS

ALWAYS, NEVER = _("any setting"), _("no setting")
NEARLY_ALWAYS = _("nearly any setting")
FORMS = {
    "mysql_md5": "32 hex digits",
    "sha512_crypt": "$6$",
    "dovecot_sha512_crypt": "{SHA512-CRYPT}",
    "dovecot_blf_crypt": "{BLF-CRYPT}",
    "dovecot_cram_md5": "{CRAM-MD5}",
    "dovecot_argon2id": "{ARGON2ID}",
    "dovecot_scram_sha_256": "{SCRAM-SHA-256}",
}
"""What each handler writes, as `rows.password_form` names it."""

READ_BY_3 = {
    "32 hex digits": "md5",
    "$6$": "php_crypt",
    "{SHA512-CRYPT}": "php_crypt, dovecot:…",
    "{BLF-CRYPT}": "php_crypt, dovecot:…",
    "{CRAM-MD5}": "dovecot:…",
    "{ARGON2ID}": "dovecot:…",
    "{SCRAM-SHA-256}": "dovecot:…",
}
READ_BY_4 = {
    "32 hex digits": "md5",
    "$6$": "php_crypt",
    "{SHA512-CRYPT}": ALWAYS,
    "{BLF-CRYPT}": ALWAYS,
    "{ARGON2ID}": NEARLY_ALWAYS,
    "{CRAM-MD5}": "dovecot:CRAM-MD5",
    "{SCRAM-SHA-256}": NEVER,
}
"""The values of $CONF['encrypt'] in PostfixAdmin's configuration with which it reads a form."""


def lines(product: str, host: MailHost) -> Iterator[Line]:
    """Yield, for each scheme of the host's variant, with which setting PostfixAdmin reads it."""
    for scheme in VARIANTS[host.variant.name].schemes.values():
        note = _("This is MAIL_PASSWORD_SCHEME, in which new passwords are stored.")
        yield Line(
            f"old_panel_reads_{scheme.name.lower().replace('-', '_')}",
            _("PostfixAdmin's “encrypt” to read %(scheme)s") % {"scheme": scheme.name},
            str(read_by(product)[FORMS[scheme.handler]]),
            note if scheme == host.scheme else "",
        )


def read_by(product: str) -> dict[str, object]:
    return dict(READ_BY_3 if product.startswith("PostfixAdmin 3") else READ_BY_4)


def reading_settings(product: str, form: str) -> str:
    """Return the settings with which PostfixAdmin reads this form; empty if any will do."""
    found = read_by(product).get(form, ALWAYS)
    return "" if found is ALWAYS else str(found)
