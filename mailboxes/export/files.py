"""The files of the bundle, and the template of each, most specific first."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mailboxes.conf import MailHost
from mailboxes.errors import gettext_noop
from mailboxes.export.bundle import BadExport

TEMPLATE_DIR = Path(__file__).resolve().parent.parent.parent / "templates" / "config"
PAM_FILE = "etc/pam.d/smtp"


@cache
def existing() -> frozenset[str]:
    """Return the templates; a process needs a restart for new ones, as for those it has loaded."""
    files = (path for path in TEMPLATE_DIR.rglob("*") if path.is_file())
    return frozenset(path.relative_to(TEMPLATE_DIR).as_posix() for path in files)


@dataclass(frozen=True)
class FileSpec:
    """A file of the bundle before it is rendered."""

    path: str
    group: str = "root"
    mode: int = 0o600
    variant: str = ""
    """The variant that includes it; empty for both."""

    engine: str = ""
    """The database engine that needs it; empty for both."""

    lacked_by: str = ""
    """The release that doesn't need it."""

    with_certbot: bool = False
    """Whether only hosts with a certificate of certbot's need it."""

    with_proxy: bool = False
    """Whether only hosts need it that reach several database hosts through a proxy."""

    def template(self, host: MailHost) -> str:
        """Return the most specific template, or an empty string if the host has no such file."""
        variant, release = host.variant.name, host.release.name
        if self.variant not in ("", variant) or self.engine not in ("", host.database.engine):
            return ""
        if self.lacked_by == release or self.with_certbot > has_certbot(host):
            return ""
        if self.with_proxy > host.needs_proxy:
            return ""
        places = [f"{place}/{self.path}" for place in (f"{variant}/{release}", variant, "common")]
        for place in places:
            if place in existing():
                return place
        raise BadExport(
            gettext_noop("None of these templates exists: %(places)s."),
            {"places": ", ".join(places)},
        )


def has_certbot(host: MailHost) -> bool:
    return host.certificate.startswith("/etc/letsencrypt/")


APPLY = FileSpec("apply", mode=0o700)
MANIFEST = FileSpec("MANIFEST")
TOOLS = ("MANIFEST", "README", "apply", "auth.cf", "folders.cf")
"""Files that help to read, apply and test a bundle, and only repeat what the others contain."""

MAPS = (
    "alias_domain_catchalls",
    "alias_domains",
    "alias_sender_logins",
    "aliases",
    "domains",
    "kept_transports",
    "mailboxes",
    "other_recipients",
    "own_domains",
    "relay_domains",
    "relay_recipients",
    "sender_logins",
    "transports",
    "undeliverable",
)
FILES = (
    FileSpec("README"),
    APPLY,
    FileSpec("auth.cf", engine="mysql"),
    FileSpec("folders.cf"),
    FileSpec("grants.sql", engine="mysql"),
    FileSpec("postfix/main.cf"),
    FileSpec("postfix/master.cf"),
    *(FileSpec(f"etc/postfix/mailadmin/{name}.cf", "postfix", 0o640) for name in MAPS),
    FileSpec("etc/postfix/mailadmin/unowned_senders.cf", "postfix", 0o640, variant="v2"),
    FileSpec("etc/letsencrypt/renewal-hooks/deploy/mailadmin", mode=0o755, with_certbot=True),
    FileSpec("etc/default/saslauthd", mode=0o644, variant="v1"),
    FileSpec("etc/mailadmin-pam-mysql.conf", variant="v1"),
    FileSpec(PAM_FILE, variant="v1"),
    FileSpec("etc/postfix/sasl/smtpd.conf", mode=0o644, variant="v1"),
    FileSpec(
        "etc/systemd/system/saslauthd.service.d/mailadmin.conf",
        mode=0o644,
        variant="v1",
        lacked_by="debian12",
    ),
    FileSpec("etc/tmpfiles.d/mailadmin.conf", mode=0o644, variant="v1"),
    FileSpec("etc/haproxy/conf.d/mailadmin.cfg", mode=0o644, variant="v2", with_proxy=True),
    FileSpec("etc/dovecot/conf.d/99-mailadmin.conf", mode=0o644, variant="v2"),
    FileSpec("keep/etc/dovecot/conf.d/00-mailadmin.conf", mode=0o644, variant="v2"),
    FileSpec("keep/etc/dovecot/conf.d/99-mailadmin.conf", mode=0o644, variant="v2"),
    FileSpec("etc/dovecot/mailadmin-sql.conf.ext", "dovecot", 0o640, "v2"),
    FileSpec(
        "etc/dovecot/mailadmin-connect.conf.ext", "dovecot", 0o640, "v2", lacked_by="debian12"
    ),
    FileSpec(
        "etc/dovecot/mailadmin-domains.conf.ext", "dovecot", 0o640, "v2", lacked_by="debian13"
    ),
    FileSpec("etc/dovecot/mailadmin-my.cnf", "dovecot", 0o640, "v2", "mysql", lacked_by="debian13"),
    FileSpec(
        "etc/dovecot/mailadmin-usage.conf.ext",
        "dovecot",
        0o640,
        "v2",
        "mysql",
        lacked_by="debian13",
    ),
)
