"""Domains that the mail host serves without the panel (`apply --keep`) and the panel has, too."""

from collections.abc import Iterator
from itertools import islice

from mailboxes.deployment.applied import kept_domains
from mailboxes.doctor.access import KEPT, Access, is_there
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.postfix_settings import assignments, words
from mailboxes.doctor.remedies import APPLY_COMMAND, Remedy
from mailboxes.inspection.rows import keys
from mailboxes.models import Domain
from mailboxes.texts import gettext as _

LISTS = (
    "mydestination",
    "virtual_alias_domains",
    "virtual_mailbox_domains",
    "relay_domains",
    "transport_maps",
)
OURS = (":/etc/postfix/mailadmin/", "inline:{{@")
"""What stands in the words of such lists that `apply` has added."""

MAX_DOMAINS = 10_000
"""How many domains are looked up in the maps of others."""


def examine(examination: Examination) -> Iterator[Finding]:
    if examination.access.sees_all:
        found = dict(reversed([*read_lists(examination.access)])) if is_there(KEPT) else {}
    else:
        found = dict.fromkeys(kept_domains(), "apply --keep")
    for name in keys(Domain.objects.filter(active=True), set(found)):
        seen = _(
            "The mail host also serves %(domain)s without the panel (%(setting)s), so that part of "
            "its mail is refused or goes astray."
        )
        advice = _(
            "Take the domain out of the mail host's own settings and maps, or disable it in the "
            "panel. Then export and apply again:"
        )
        params = {"domain": name, "setting": found.get(name.lower(), "apply --keep")}
        yield broken("tables.served_otherwise", seen % params, Remedy(advice, APPLY_COMMAND))


def read_lists(access: Access) -> Iterator[tuple[str, str]]:
    """Yield the domains in the lists of others, and of their maps those that the panel has, too."""
    lists = assignments(access.run(["postconf", "-x", *LISTS]).stdout.splitlines())
    rows = Domain.objects.filter(active=True).order_by("pk").values_list("pk", flat=True)
    domains = "".join(f"{name}\n" for name in islice(rows.iterator(), MAX_DOMAINS))
    for setting, value in lists.items():
        for word in words(value):
            if any(mark in word for mark in OURS):
                continue
            for name in names_in(access, word, domains):
                yield name.lower(), f"{setting}: {word}"


def names_in(access: Access, word: str, domains: str) -> list[str]:
    """Return a name, the names in a file, or those of the domains that a map has."""
    if word.startswith("/"):
        return access.run(["cat", word]).stdout.split()
    if ":" not in word:
        return [word]
    answers = access.run(["postmap", "-q", "-", word.removeprefix("proxy:")], domains).stdout
    return [line.partition("\t")[0] for line in answers.splitlines()]
