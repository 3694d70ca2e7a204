"""The steps for changing to another host, and what users will notice."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mailboxes.conf import MailHost
from mailboxes.export.compare import Comparison
from mailboxes.formats import number

AUTH_SERVICES = {"v1": "saslauthd", "v2": "dovecot"}


@dataclass(frozen=True)
class Step:
    """What to do, and what to type."""

    text: str
    commands: tuple[str, ...] = ()


def notes(change: Comparison) -> list[str]:
    """Return what else users and administrators will notice."""
    return [*scheme_notes(change), *variant_notes(change), *release_notes(change)]


def scheme_notes(change: Comparison) -> Iterator[str]:
    before, after = (set(host.scheme.mechanisms) for host in (change.old, change.new))
    for mechanism in before - after:
        yield _(
            "%(mechanism)s is no longer offered. Mail clients set to “encrypted password” must be "
            "changed to “normal password”, which TLS protects."
        ) % {"mechanism": mechanism}
    for mechanism in after - before:
        yield _(
            "%(mechanism)s is now offered, and mail clients that choose automatically will use it."
        ) % {"mechanism": mechanism}
    if change.other_scheme:
        yield _(
            "New passwords are stored as %(scheme)s. Existing passwords take this scheme when they "
            "are changed, or when their owners sign in on the password page, unless they are "
            "stored more securely."
        ) % {"scheme": change.new.scheme.name}


def variant_notes(change: Comparison) -> Iterator[str]:
    if not change.changes_variant:
        return
    yield str(_("Mail stays where it is: both variants use the same Maildirs."))
    if change.new.variant.name == "v1":
        yield str(_("V1 doesn't include an IMAP server and doesn't enforce quotas."))
    else:
        yield str(_("Mail can be read over IMAP on port 993."))
        yield str(_("Quotas are enforced: a mailbox over its quota receives no more mail."))
    if not change.is_upgrade:
        yield _(
            "The service %(service)s stays installed and keeps running with its old files until it "
            "is disabled."
        ) % {"service": auth_service(change.old)}


def release_notes(change: Comparison) -> Iterator[str]:
    if change.is_downgrade:
        yield str(_("Debian can't be downgraded to an older release. You need another machine."))
    if not change.is_upgrade:
        return
    yield str(
        _(
            "From the moment the daemons are stopped until apply has run, nobody can sign in and "
            "no mail is received. Other servers queue their mail and try again later."
        )
    )
    yield str(
        _(
            "The upgrade may ask what to do with changed files, such as 10-auth.conf or "
            "/etc/default/saslauthd. Choose the package maintainer's version; apply changes it "
            "again."
        )
    )
    old, new = change.old.release.dovecot, change.new.release.dovecot
    if change.new.variant.name == "v2" and old != new:
        yield _(
            "Dovecot %(new)s can't read configuration written for %(old)s. Convert your own files "
            "in /etc/dovecot/conf.d, such as 99-zz-local.conf, or move them away. If your "
            "certificate was set in 10-ssl.conf, set it again: apply warns you if Debian's "
            "self-signed certificate is in use."
        ) % {"new": new, "old": old}


def steps(change: Comparison) -> list[Step]:
    """Return what to do, in this order."""
    if change.old == change.new:
        return [*password_step(change), *weak_scheme_step(change)]
    return [
        *(() if change.other_rows else password_step(change)),
        *weak_scheme_step(change),
        *panel_steps(change),
        *host_steps(change),
        *final_steps(change),
        # Last, since a password that is changed earlier no longer works on the old host.
        *(password_step(change) if change.other_rows else ()),
    ]


def password_step(change: Comparison) -> Iterator[Step]:
    if change.report.cannot_sign_in:
        yield Step(
            str(
                _(
                    "Ask the owners of the mailboxes that can't sign in to do so once on the "
                    "password page, with their current passwords. Set new ones for those whose "
                    "passwords can't be checked there."
                )
            )
        )


def weak_scheme_step(change: Comparison) -> Iterator[Step]:
    if weak := change.report.weak_count:
        text = ngettext(
            "To let %(weak)s mailbox sign in until its password is stored with another scheme, set "
            "this in .env before exporting:",
            "To let %(weak)s mailboxes sign in until their passwords are stored with another "
            "scheme, set this in .env before exporting:",
            weak,
        ) % {"weak": number(weak)}
        yield Step(text, ("MAIL_ALLOW_WEAK_SCHEMES=true",))


def panel_steps(change: Comparison) -> Iterator[Step]:
    values = {
        "MAIL_VARIANT": (change.old.variant.name, change.new.variant.name),
        "MAIL_RELEASE": (change.old.release.name, change.new.release.name),
        "MAIL_PASSWORD_SCHEME": (change.old.scheme.name, change.new.scheme.name),
    }
    lines = [f"{name}={new}" for name, (old, new) in values.items() if old != new]
    text = _("Set this in .env and restart the panel:")
    if change.other_rows:
        text = _(
            "Passwords changed after this step only work on the new host. Set this in .env and "
            "restart the panel:"
        )
    yield Step(str(text), tuple(lines))
    folder = bundle_folder(change.new)
    yield Step(
        str(_("Export the configuration and copy it to the mail host:")),
        (f".venv/bin/python manage.py exportconfig --output {folder}",),
    )
    if any(file.path == "grants.sql" and file.diff for file in change.files):
        yield Step(str(_("On the database host:")), (f"mariadb < {folder}/grants.sql",))


def host_steps(change: Comparison) -> Iterator[Step]:
    if change.is_upgrade:
        yield Step(
            str(_("On the mail host, stop the daemons and then upgrade Debian:")),
            (f"systemctl disable --now postfix {auth_service(change.old)}",),
        )
    apply = f"sh {bundle_folder(change.new)}/apply"
    yield Step(str(_("On the mail host, as root:")), (f"{apply} --dry-run", apply))


def final_steps(change: Comparison) -> Iterator[Step]:
    if change.changes_variant and not change.is_upgrade:
        yield Step(
            str(_("Disable the service that is no longer needed:")),
            (f"systemctl disable --now {auth_service(change.old)}",),
        )
    if change.is_upgrade:
        yield Step(
            str(_("If the panel's own machine was upgraded, set up the panel for the new Python:")),
            ("./deploy/run --setup", "systemctl restart mailadmin"),
        )


def bundle_folder(host: MailHost) -> str:
    """Return the folder that the steps put the bundle into, a separate one for each host."""
    return f"/root/mailhost-{host.key.replace('/', '-').lower()}"


def auth_service(host: MailHost) -> str:
    return AUTH_SERVICES[host.variant.name]
