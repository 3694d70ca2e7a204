"""Moving house: what another release, variant or scheme changes, and what is to be done."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import unified_diff
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from mailboxes.conf import MailHost, mail_host
from mailboxes.export import render
from mailboxes.export.bundle import BadExport
from mailboxes.export.compatibility import Census, Finding, findings, take_census
from mailboxes.variants import RELEASES, VARIANTS

SCHEMES = list(dict.fromkeys(name for variant in VARIANTS.values() for name in variant.schemes))
# What helps to read and to apply a bundle, and says nothing that the other files do not.
TOOLS = ("MANIFEST", "README", "apply")
STATUSES = {
    "changed": gettext_lazy("changed"),
    "new": gettext_lazy("new"),
    "gone": gettext_lazy("no longer used"),
    "same": gettext_lazy("the same"),
}


def host_named(text: str) -> MailHost:
    """Return the host called `v1`, `debian12` or `v1/debian12/MD5`, the rest as in the settings."""
    parts = {part.casefold() for part in text.split("/")}
    chosen = [
        {name for name in names if name.casefold() in parts}
        for names in (VARIANTS, RELEASES, SCHEMES)
    ]
    if sum(map(len, chosen)) != text.count("/") + 1 or max(map(len, chosen)) > 1:
        raise BadExport(
            _(
                "%(text)s names no host. Name a variant (%(variants)s), a release "
                "(%(releases)s), a scheme (%(schemes)s), or several of them, such as "
                "v1/debian12."
            )
            % {
                "text": repr(text),
                "variants": ", ".join(VARIANTS),
                "releases": ", ".join(RELEASES),
                "schemes": ", ".join(SCHEMES),
            }
        )
    variant, release, scheme = ("".join(names) for names in chosen)
    host = mail_host(variant, release)
    if scheme and scheme not in host.variant.schemes:
        raise BadExport(
            _("%(name)s stores no password as %(scheme)s; it knows %(schemes)s.")
            % {
                "name": host.variant.name,
                "scheme": scheme,
                "schemes": ", ".join(host.variant.schemes),
            }
        )
    return replace(host, scheme=host.variant.schemes[scheme]) if scheme else host


def name(host: MailHost) -> str:
    return f"{host.variant.name}/{host.release.name}/{host.scheme.name}"


def title(host: MailHost) -> str:
    return f"{host.variant.name.upper()}, {host.release.title}, {host.scheme.name}"


def choices() -> dict[str, str]:
    """Return the names and titles of all hosts that can be compared."""
    hosts = (
        replace(mail_host(variant.name, release.name), scheme=scheme)
        for variant in VARIANTS.values()
        for release in RELEASES.values()
        for scheme in variant.schemes.values()
    )
    return {name(host): title(host) for host in hosts}


def usual_move() -> tuple[str, str]:
    """Return the names for the upgrade that the settings begin or, if there is none, end."""
    host, releases = mail_host(), list(RELEASES.values())
    first = min(releases.index(host.release), len(releases) - 2)
    old, new = (name(replace(host, release=release)) for release in releases[first : first + 2])
    return old, new


@dataclass(frozen=True)
class Change:
    """What becomes of one file of the bundle."""

    path: str
    status: str
    """`new`, `gone`, `changed` or `same`."""

    diff: str = ""

    @property
    def words(self) -> str:
        return str(STATUSES[self.status])


def changes(old: MailHost, new: MailHost) -> list[Change]:
    """Return each file of both bundles, those that land on the host first; passwords are hidden."""
    before, after = texts(old), texts(new)
    paths = sorted(before | after, key=lambda path: (not path.startswith("/"), path))
    return [change(path, before.get(path), after.get(path)) for path in paths]


def texts(host: MailHost) -> dict[str, str]:
    files = render.bundle(host, masked=True)
    return {file.target or file.path: file.text for file in files if file.path not in TOOLS}


def change(path: str, before: str | None, after: str | None) -> Change:
    if before == after:
        return Change(path, "same")
    status = "new" if before is None else "gone" if after is None else "changed"
    old, new = ((text or "").splitlines(keepends=True) for text in (before, after))
    # The first two lines would name the files.
    return Change(path, status, "".join(list(unified_diff(old, new))[2:]))


@dataclass(frozen=True)
class Step:
    """What to do, and what to type."""

    text: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """From one host to another; with the same host twice it says how things are."""

    old: MailHost
    new: MailHost

    @cached_property
    def changes(self) -> list[Change]:
        return changes(self.old, self.new)

    @cached_property
    def census(self) -> Census:
        return take_census(self.old, self.new)

    def findings(self) -> Iterator[Finding]:
        return findings(self.old, self.new)

    @property
    def title(self) -> str:
        return _("From %(old)s to %(new)s") % {"old": title(self.old), "new": title(self.new)}

    @property
    def command(self) -> str:
        """What prints all of this, and each of the mailboxes."""
        variant, release, scheme = name(self.new).split("/")
        return (
            f".venv/bin/python manage.py exportconfig --compare {name(self.old)} "
            f"--variant {variant} --release {release} --scheme {scheme}"
        )

    @property
    def other_variant(self) -> bool:
        return self.old.variant != self.new.variant

    @property
    def folder(self) -> str:
        """Where the steps put the bundle: each in a folder of its own."""
        return f"/root/mailhost-{name(self.new).replace('/', '-').lower()}"

    @property
    def other_form(self) -> bool:
        """Whether other rows are read than before: pam_mysql reads one form only."""
        return self.old.scheme.pam_crypt != self.new.scheme.pam_crypt

    @property
    def other_scheme(self) -> bool:
        """Whether new passwords are stored in another form than on the old host."""
        return self.old.scheme != self.new.scheme

    @property
    def upgrade(self) -> bool:
        releases = list(RELEASES.values())
        return releases.index(self.old.release) < releases.index(self.new.release)

    @property
    def downgrade(self) -> bool:
        return self.old.release != self.new.release and not self.upgrade

    def verdict(self) -> str:
        """Say in a sentence or two who could sign in."""
        total = self.census.mailboxes
        shut_out = sum(group.count for group in self.census.shut_out)
        already = sum(group.already for group in self.census.shut_out)
        numbers = {"all": f"{total:,}", "some": f"{shut_out:,}", "already": f"{already:,}"}
        if not total:
            return _("There is no active mailbox.")
        if not shut_out:
            return (
                ngettext(
                    "The one active mailbox could sign in.",
                    "All %(all)s active mailboxes could sign in.",
                    total,
                )
                % numbers
            )
        text = _("%(some)s of %(all)s active mailboxes could not sign in.") % numbers
        if already and self.old != self.new:
            text += " " + _("(On the old host %(already)s of them cannot, either.)") % numbers
        return text

    def notes(self) -> list[str]:
        """Return what else people will notice."""
        return [*self.notes_on_schemes(), *self.notes_on_variants(), *self.notes_on_releases()]

    def notes_on_schemes(self) -> Iterator[str]:
        before, after = (set(host.scheme.mechanisms) for host in (self.old, self.new))
        for mechanism in before - after:
            yield _(
                "%(mechanism)s is no longer offered: mail clients that are set to “encrypted "
                "password” must be set to “normal password”, which TLS protects."
            ) % {"mechanism": mechanism}
        for mechanism in after - before:
            yield _(
                "%(mechanism)s is offered from then on, and mail clients that choose by "
                "themselves take it."
            ) % {"mechanism": mechanism}
        if self.other_scheme:
            yield _(
                "New passwords are stored as %(scheme)s. Those stored before stay as they are "
                "until they are changed."
            ) % {"scheme": self.new.scheme.name}

    def notes_on_variants(self) -> Iterator[str]:
        if not self.other_variant:
            return
        yield _("Mail stays where it is: both variants fill the same Maildirs.")
        if self.new.variant.name == "v1":
            yield _("V1 has no IMAP server, and enforces no quota.")
        else:
            yield _("Mail can be read by IMAP, on port 993.")
            yield _("Quotas are enforced: a mailbox that is over its quota takes no more mail.")
        if not self.upgrade:
            yield _(
                "The service %(backend)s stays installed and goes on with its old files, until it "
                "is switched off."
            ) % {"backend": backend(self.old)}

    def notes_on_releases(self) -> Iterator[str]:
        if self.downgrade:
            yield _("Debian knows no way back to an older release: this takes another machine.")
        if not self.upgrade:
            return
        yield _(
            "From the stop of the daemons until apply has run, nobody signs in and no mail comes "
            "in. Other servers keep it and try again."
        )
        yield _(
            "The upgrade may ask what to do with files that were changed, such as 10-auth.conf or "
            "/etc/default/saslauthd: take the new version. apply changes it again."
        )
        if self.new.variant.name == "v2" and self.old.release.dovecot != self.new.release.dovecot:
            yield _(
                "Dovecot %(new)s does not read what was written for %(old)s. Translate your own "
                "files in /etc/dovecot/conf.d, such as 99-zz-local.conf, or move them away; and "
                "name your own certificate anew, if it stood in 10-ssl.conf: apply says if it "
                "finds Debian's self-signed one in use."
            ) % {"new": self.new.release.dovecot, "old": self.old.release.dovecot}

    def steps(self) -> list[Step]:
        """Return what to do, in this order."""
        if self.old == self.new:
            return [*self.step_of_passwords(), *self.step_of_weak()]
        return [
            *(() if self.other_form else self.step_of_passwords()),
            *self.step_of_weak(),
            *self.steps_at_the_panel(),
            *self.steps_on_the_host(),
            *self.steps_after(),
            # Not before, since a password that is changed on the old host fits that one only.
            *(self.step_of_passwords() if self.other_form else ()),
        ]

    def step_of_passwords(self) -> Iterator[Step]:
        if self.census.shut_out:
            yield Step(
                _(
                    "See that the mailboxes that could not sign in get a new password: their "
                    "owners set it on the password page, where the old one still counts if its "
                    "form is known there, or you set it."
                )
            )

    def step_of_weak(self) -> Iterator[Step]:
        if weak := self.census.weak:
            text = ngettext(
                "To let %(weak)s mailbox in all the same until it has a new password, set in .env, "
                "before you export:",
                "To let %(weak)s mailboxes in all the same until they have new passwords, set in "
                ".env, before you export:",
                weak,
            ) % {"weak": f"{weak:,}"}
            yield Step(text, ("MAIL_ALLOW_WEAK_SCHEMES=true",))

    def steps_at_the_panel(self) -> Iterator[Step]:
        values = {
            "MAIL_VARIANT": (self.old.variant.name, self.new.variant.name),
            "MAIL_RELEASE": (self.old.release.name, self.new.release.name),
            "MAIL_PASSWORD_SCHEME": (self.old.scheme.name, self.new.scheme.name),
        }
        lines = [f"{name}={new}" for name, (old, new) in values.items() if old != new]
        text = _("Write into .env, and start the panel again:")
        if self.other_form:
            text = _(
                "Write into .env, and start the panel again; passwords that are changed from now "
                "on fit the new host only:"
            )
        yield Step(text, tuple(lines))
        yield Step(
            _("Export the configuration, and copy it to the mail host:"),
            (f".venv/bin/python manage.py exportconfig --output {self.folder}",),
        )
        if any(change.path == "grants.sql" and change.diff for change in self.changes):
            yield Step(_("On the database:"), (f"mariadb < {self.folder}/grants.sql",))

    def steps_on_the_host(self) -> Iterator[Step]:
        if self.upgrade:
            yield Step(
                _("On the mail host, stop the daemons first, and then upgrade Debian:"),
                (f"systemctl disable --now postfix {backend(self.old)}",),
            )
        apply = f"sh {self.folder}/apply"
        yield Step(_("On the mail host, as root:"), (f"{apply} --dry-run", apply))

    def steps_after(self) -> Iterator[Step]:
        if self.other_variant and not self.upgrade:
            yield Step(
                _("Switch off what is no longer needed:"),
                (f"systemctl disable --now {backend(self.old)}",),
            )
        if self.upgrade:
            yield Step(
                _("If the panel's own machine was upgraded, set it up for the new Python:"),
                ("./deploy/run --setup", "systemctl restart mailadmin"),
            )


def backend(host: MailHost) -> str:
    return {"v1": "saslauthd", "v2": "dovecot"}[host.variant.name]
