"""Two hosts side by side: what another release, variant or scheme changes."""

from dataclasses import dataclass, replace
from difflib import unified_diff
from functools import cached_property

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mailboxes.conf import MailHost, mail_host
from mailboxes.errors import Refused, gettext_noop
from mailboxes.export import compatibility
from mailboxes.export.compatibility import Report
from mailboxes.export.files import TOOLS
from mailboxes.export.render import render_bundle
from mailboxes.formats import number
from mailboxes.variants import RELEASES, VARIANTS

SCHEME_NAMES = list(
    dict.fromkeys(name for variant in VARIANTS.values() for name in variant.schemes)
)
STATUSES = {
    "changed": _("changed"),
    "new": _("new"),
    "removed": _("no longer used"),
    "unchanged": _("unchanged"),
}


class BadHost(Refused):
    """A string that doesn't describe a host."""


def parse_host(text: str) -> MailHost:
    """Return the host for `v1`, `debian12` or `v1/debian12/MD5`; the settings supply the rest."""
    parts = {part.casefold() for part in text.split("/")}
    found = [
        {name for name in names if name.casefold() in parts}
        for names in (VARIANTS, RELEASES, SCHEME_NAMES)
    ]
    if sum(map(len, found)) != text.count("/") + 1 or max(map(len, found)) > 1:
        message = gettext_noop(
            "“%(text)s” doesn't describe a host. Use a variant (%(variants)s), a release "
            "(%(releases)s), a scheme (%(schemes)s), or a combination, such as v1/debian12."
        )
        params = {
            "text": text,
            "variants": ", ".join(VARIANTS),
            "releases": ", ".join(RELEASES),
            "schemes": ", ".join(SCHEME_NAMES),
        }
        raise BadHost(message, params)
    variant, release, scheme = ("".join(names) for names in found)
    host = mail_host(variant, release)
    if scheme and scheme not in host.variant.schemes:
        params = {
            "name": host.variant.name,
            "scheme": scheme,
            "schemes": ", ".join(host.variant.schemes),
        }
        message = gettext_noop(
            "%(name)s doesn't support the scheme %(scheme)s. Use one of: %(schemes)s."
        )
        raise BadHost(message, params)
    return replace(host, scheme=host.variant.schemes[scheme]) if scheme else host


def host_choices() -> dict[str, str]:
    """Return the keys and titles of all hosts that can be compared."""
    hosts = (
        replace(mail_host(variant.name, release.name), scheme=scheme)
        for variant in VARIANTS.values()
        for release in RELEASES.values()
        for scheme in variant.schemes.values()
    )
    return {host.key: host.short_title for host in hosts}


def suggested_upgrade() -> tuple[str, str]:
    """Return the keys of the upgrade from the host's release or, if it is the latest, to it."""
    host, releases = mail_host(), list(RELEASES.values())
    first = min(releases.index(host.release), len(releases) - 2)
    old, new = (replace(host, release=release).key for release in releases[first : first + 2])
    return old, new


@dataclass(frozen=True)
class FileChange:
    """What happens to one file of the bundle."""

    path: str
    status: str
    """`new`, `removed`, `changed` or `unchanged`."""

    diff: str = ""

    @property
    def status_text(self) -> str:
        return str(STATUSES[self.status])


def file_changes(old: MailHost, new: MailHost) -> list[FileChange]:
    """Return each file of both bundles, the host's own files first; passwords are hidden."""
    before, after = bundle_texts(old), bundle_texts(new)
    paths = sorted(before | after, key=lambda path: (not path.startswith("/"), path))
    return [file_change(path, before.get(path), after.get(path)) for path in paths]


def bundle_texts(host: MailHost) -> dict[str, str]:
    files = render_bundle(host, masked=True)
    return {file.target or file.path: file.text for file in files if file.path not in TOOLS}


def file_change(path: str, before: str | None, after: str | None) -> FileChange:
    if before == after:
        return FileChange(path, "unchanged")
    status = "new" if before is None else "removed" if after is None else "changed"
    old, new = ((text or "").splitlines(keepends=True) for text in (before, after))
    # The first two lines would name the files.
    return FileChange(path, status, "".join(list(unified_diff(old, new))[2:]))


@dataclass(frozen=True)
class Comparison:
    """The difference between two hosts; with the same host twice, the state of that host."""

    old: MailHost
    new: MailHost
    checked: Report | None = None
    """Who can sign in on the new host, if that has been found out already."""

    @cached_property
    def files(self) -> list[FileChange]:
        return file_changes(self.old, self.new)

    @cached_property
    def report(self) -> Report:
        return self.checked or compatibility.check(self.old, self.new)

    @property
    def title(self) -> str:
        return _("From %(old)s to %(new)s") % {"old": self.old.title, "new": self.new.title}

    @property
    def command(self) -> str:
        """The command that prints the whole comparison, with every mailbox."""
        return (
            f".venv/bin/python manage.py exportconfig --compare {self.old.key} "
            f"--variant {self.new.variant.name} --release {self.new.release.name} "
            f"--scheme {self.new.scheme.name}"
        )

    @property
    def changes_variant(self) -> bool:
        return self.old.variant != self.new.variant

    @property
    def other_scheme(self) -> bool:
        """Whether new passwords are stored differently than on the old host."""
        return self.old.scheme != self.new.scheme

    @property
    def other_rows(self) -> bool:
        """Whether different rows are read than before: pam_mysql reads only one scheme."""
        return self.old.scheme.pam_crypt != self.new.scheme.pam_crypt

    @property
    def is_upgrade(self) -> bool:
        releases = list(RELEASES.values())
        return releases.index(self.old.release) < releases.index(self.new.release)

    @property
    def is_downgrade(self) -> bool:
        return self.old.release != self.new.release and not self.is_upgrade

    def rehash_verdict(self) -> str:
        """Sum up in a sentence or two how many passwords don't have the new host's scheme yet."""
        scheme, report = self.new.scheme.name, self.report
        if not report.to_rehash:
            text = _("No active mailbox is left: all are stored as %(scheme)s or more securely.")
            return text % {"scheme": scheme}
        sentences = [
            ngettext(
                "%(count)s of %(total)s active mailboxes is left: its password will be stored as "
                "%(scheme)s when its owner signs in on the password page.",
                "%(count)s of %(total)s active mailboxes are left: their passwords will be stored "
                "as %(scheme)s when their owners sign in on the password page.",
                report.to_rehash_count,
            )
        ]
        if report.to_replace:
            sentences += [
                ngettext(
                    "%(replace)s of them needs a new password, since its own can't be checked "
                    "there.",
                    "%(replace)s of them need new passwords, since theirs can't be checked there.",
                    report.to_replace,
                )
            ]
        return " ".join(sentences) % {
            "count": number(report.to_rehash_count),
            "total": number(report.mailboxes),
            "replace": number(report.to_replace),
            "scheme": scheme,
        }

    def verdict(self) -> str:
        """Sum up in a sentence or two who can sign in."""
        total, cannot_sign_in = self.report.mailboxes, self.report.cannot_sign_in_count
        already = sum(group.already for group in self.report.cannot_sign_in)
        numbers = {
            "total": number(total),
            "affected": number(cannot_sign_in),
            "already": number(already),
        }
        if not total:
            return str(_("There are no active mailboxes."))
        if not cannot_sign_in:
            return (
                ngettext(
                    "The only active mailbox can sign in.",
                    "All %(total)s active mailboxes can sign in.",
                    total,
                )
                % numbers
            )
        text = _("%(affected)s of %(total)s active mailboxes can't sign in.") % numbers
        if already and self.old != self.new:
            text += " " + _("(%(already)s of them can't sign in on the old host either.)") % numbers
        return text
