"""Which of the passwords that this panel writes PostfixAdmin can still check.

Each combination was tried with PostfixAdmin's own code, except MD5 and bare crypt(3) in 4.x.
"""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailHost
from mailboxes.inspection.lines import Line
from mailboxes.inspection.products import Product
from mailboxes.variants import VARIANTS, Scheme

ALWAYS, NEVER = _("any"), _("none")
NEARLY_ALWAYS = _("nearly any")
READ_BY_3 = {
    "mysql_md5": "md5",
    "sha512_crypt": "php_crypt",
    "dovecot_sha512_crypt": "php_crypt, dovecot:…",
    "dovecot_blf_crypt": "php_crypt, dovecot:…",
    "dovecot_cram_md5": "dovecot:…",
    "dovecot_argon2id": "dovecot:…",
    "dovecot_scram_sha_256": "dovecot:…",
}
READ_BY_4 = {
    "mysql_md5": "md5",
    "sha512_crypt": "php_crypt",
    "dovecot_sha512_crypt": ALWAYS,
    "dovecot_blf_crypt": ALWAYS,
    "dovecot_argon2id": NEARLY_ALWAYS,
    "dovecot_cram_md5": "dovecot:CRAM-MD5",
    "dovecot_scram_sha_256": NEVER,
}
"""The values of $CONF['encrypt'] in PostfixAdmin's configuration, by the handler that writes."""


def lines(product: Product, host: MailHost) -> Iterator[Line]:
    """Yield, for each scheme of the host's variant, with which setting PostfixAdmin reads it."""
    for scheme in VARIANTS[host.variant.name].schemes.values():
        note = _("This is MAIL_PASSWORD_SCHEME, in which new passwords are stored.")
        yield Line(
            f"old_panel_reads_{scheme.name.lower().replace('-', '_')}",
            _("$CONF['encrypt'] for PostfixAdmin to read %(scheme)s") % {"scheme": scheme.name},
            str(reading_settings(product, scheme)),
            note if scheme == host.scheme else "",
        )


def reading_settings(product: Product, scheme: Scheme) -> object:
    known = READ_BY_3 if product.version.startswith("3") else READ_BY_4
    return known[scheme.handler]
