"""Aliases: what `checkaliases` finds, and those of a deleted domain."""

from collections import defaultdict
from collections.abc import Iterator

from mailboxes import texts
from mailboxes.access.scope import EVERYTHING
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, warning, working
from mailboxes.doctor.remedies import Remedy, on_database
from mailboxes.doctor.tables.walking import Walk, unfinished
from mailboxes.formats import number
from mailboxes.forwarding import findings
from mailboxes.forwarding.wording import finding_text
from mailboxes.inspection.lines import CountedRows
from mailboxes.inspection.rows import keys
from mailboxes.models import Alias, Domain
from mailboxes.texts import gettext as _
from mailboxes.texts import ngettext

CHECK = ".venv/bin/python manage.py checkaliases"
ORPHANS = "DELETE FROM alias WHERE LOWER(domain) NOT IN (SELECT LOWER(domain) FROM domain)"


def examine(examination: Examination, deadline: float) -> Iterator[Finding]:
    wrong: defaultdict[str, CountedRows] = defaultdict(CountedRows)
    orphans = CountedRows()
    rows = findings.not_own(Alias.objects.filter(active=True))
    rows = rows.only("address", "goto", "domain", "active")
    walk = Walk(rows, deadline)
    for batch in walk:
        known = {name.lower() for name in keys(Domain.objects.all(), domains_of(batch))}
        for alias in batch:
            if alias.domain_id.lower() not in known:
                orphans.add(alias.pk)
        for finding in findings.check(batch):
            wrong[kind(finding)].add(finding_text(finding, EVERYTHING))
    yield from forwarding_findings(wrong)
    yield from orphan_findings(examination, orphans)
    if walk.is_complete and not wrong and not orphans.count:
        seen = _("Every alias forwards to addresses that exist, and none is a loop.")
        yield working("tables.aliases", seen)
    yield from unfinished("tables.aliases", walk, _("aliases"))


def domains_of(aliases: list[Alias]) -> set[str]:
    return {alias.domain_id for alias in aliases}


def kind(finding: findings.Finding) -> str:
    if finding.is_deferred:
        return "loop" if finding.loop else "too_many"
    return "dead"


def forwarding_findings(wrong: dict[str, CountedRows]) -> Iterator[Finding]:
    remedy = Remedy(_("Change their targets. This lists all of them:"), CHECK)
    for code, counted in sorted(wrong.items()):
        count = ngettext(
            "%(count)s alias needs attention.",
            "%(count)s aliases need attention.",
            counted.count,
        ) % {"count": number(counted.count)}
        seen = texts.join(" ", [count, *counted.examples[:3]])
        yield (warning if code == "dead" else broken)(f"tables.aliases.{code}", seen, remedy)


def orphan_findings(examination: Examination, orphans: CountedRows) -> Iterator[Finding]:
    if not orphans.count:
        return
    seen = ngettext(
        "%(count)s alias is in a domain that doesn't exist, so it isn't used: %(names)s.",
        "%(count)s aliases are in a domain that doesn't exist, so they aren't used: %(names)s.",
        orphans.count,
    )
    advice = _(
        "Create the domain again if you still need it. To delete all aliases in missing domains "
        "instead, also disabled ones, run on the database host:"
    )
    remedy = on_database(examination.host.database, ORPHANS)._replace(advice=advice)
    yield warning("tables.aliases.orphans", seen % orphans.params, remedy)
