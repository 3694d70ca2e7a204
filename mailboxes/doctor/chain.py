"""The chain from the database to the mail client, examined hop by hop from the bottom up."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext_lazy

from mailboxes import actions
from mailboxes.addresses import BadAddress, DomainName
from mailboxes.audit.actors import Actor
from mailboxes.conf import MailHost
from mailboxes.deployment.states import State
from mailboxes.doctor import (
    address,
    database,
    delivery,
    dovecot,
    drift,
    elsewhere,
    maps,
    mysql_settings,
    packages,
    pam,
    ports,
    saslauthd,
    tables,
    units,
    unwritable,
    words,
)
from mailboxes.doctor.access import SECONDS, Access
from mailboxes.doctor.examination import Examination, Login
from mailboxes.doctor.finding import LATE, Finding, Hop, HopResult, broken, not_checked
from mailboxes.doctor.mysql_errors import NO_ANSWER, panel_place
from mailboxes.doctor.mysql_locks import usual_waits_afterwards
from mailboxes.doctor.remedies import NONE, REPAIR_BEFORE, Remedy, start_database
from mailboxes.errors import Refused
from mailboxes.formats import database_message
from mailboxes.models import AliasDomain, Domain
from mailboxes.routing import Kind
from mailboxes.texts import gettext as _

logger = logging.getLogger(__name__)
MAX_DOMAINS = 1000
MAX_SECONDS = 20.0
LONGEST_PROBE = 2 * SECONDS


@dataclass(frozen=True)
class Step:
    hop: Hop
    examine: Callable[[Examination], Iterator[Finding]]
    variant: str = ""
    """The variant that has this hop; empty for both."""

    longest: float = LONGEST_PROBE
    """No probe is begun later than this before the end."""


ASKED = Step(Hop("mailbox", gettext_lazy("Mailbox")), address.examine)
"""The explanation of an address, which comes first if one is asked for."""

STEPS = (
    Step(Hop("database", gettext_lazy("Database")), database.examine),
    Step(Hop("tables", gettext_lazy("Tables")), tables.examine),
    Step(Hop("pam", "PAM"), pam.examine, "v1"),
    Step(Hop("saslauthd", "saslauthd"), saslauthd.examine, "v1"),
    Step(Hop("dovecot", "Dovecot"), dovecot.examine, "v2"),
    Step(Hop("maps", gettext_lazy("Postfix: lookups")), maps.examine),
    Step(Hop("ports", gettext_lazy("Postfix: ports")), ports.examine),
    Step(Hop("delivery", gettext_lazy("Postfix: delivery")), delivery.examine, longest=7),
    Step(Hop("drift", gettext_lazy("Configuration files")), drift.examine, longest=SECONDS),
)

FAILED = ".error"
"""How the codes of findings end that are about the doctor itself."""

END = Hop("end", gettext_lazy("Examination ended early"))


def steps(host: MailHost, asked: Login | None = None) -> list[Step]:
    """Return the hops of the host's variant."""
    found = [step for step in STEPS if step.variant in ("", host.variant.name)]
    return [ASKED, *found] if asked else found


def examine(
    actor: Actor, host: MailHost, access: Access, domain: str = "", asked: Login | None = None
) -> Iterator[HopResult]:
    """Yield what is found at each hop, as soon as it is known, until the database fails."""
    examination = Examination(host, access, asked)
    try:
        yield from examine_hops(actor, examination, domain)
    except (DatabaseError, InterfaceError) as error:
        seen = _("The database failed during the examination: %(error)s.")
        params = {"error": database_message(error)}
        has_answered = len(error.args) > 1 and error.args[0] not in NO_ANSWER
        place = panel_place() if host.database.hosts and not has_answered else None
        remedy = NONE
        if place:
            remedy = mysql_settings.remedy(host, place) or start_database(host, place)
        if "database" in examination.broken:
            remedy = REPAIR_BEFORE
        finding = broken("end.database", seen % params, remedy)
        if not access.is_mail_host:
            finding = elsewhere.over_ssh(finding, host.hostname)
        yield HopResult(END, [finding])


def examine_hops(actor: Actor, examination: Examination, domain: str) -> Iterator[HopResult]:
    """Yield what is found at each hop of the host's variant.

    Unless an owner has typed a password, a mailbox of the domain, or of the first active one, signs
    in for this, and is gone at the end.
    All is over after MAX_SECONDS; what is left out is named.
    """
    end = time.monotonic() + MAX_SECONDS
    with ExitStack() as stack:
        stack.enter_context(usual_waits_afterwards())
        for step in steps(examination.host, examination.asked):
            begun = time.monotonic()
            findings = list(in_time(step, examination, end - step.longest))
            if step is STEPS[0]:
                examination.reads_tables = is_working(findings)
                if examination.reads_tables and not examination.login:
                    findings += add_canary(stack, actor, examination, domain)
            findings = packages.explain(examination, step.hop.code, findings)
            findings = units.explain(examination, step.hop.code, findings)
            findings = [with_new_command(examination, finding) for finding in findings]
            if not examination.access.is_mail_host:
                name = examination.host.hostname
                findings = [elsewhere.over_ssh(finding, name) for finding in findings]
            examination.named |= {each.code for each in findings if each.state != State.WORKING}
            result = HopResult(step.hop, findings, round((time.monotonic() - begun) * 1000))
            if result.state == State.BROKEN:
                examination.broken.add(step.hop.code)
            yield result


def with_new_command(examination: Examination, finding: Finding) -> Finding:
    """Print a command once: what it mends, too, follows from what was found before."""
    if finding.remedy == REPAIR_BEFORE or not finding.remedy.command:
        return finding
    if any(printed.startswith(finding.remedy.command) for printed in examination.commands):
        advice = _("The command of a finding above mends this, too.")
        return replace(finding, remedy=Remedy(advice))
    if finding.state == State.BROKEN:
        examination.commands.add(finding.remedy.command)
    return finding


def in_time(step: Step, examination: Examination, deadline: float) -> Iterator[Finding]:
    """Yield the findings of a hop until the time is over; a mistake in it stops no others."""
    found = step.examine(examination)
    while time.monotonic() < deadline:
        try:
            yield next(found)
        except StopIteration:
            return
        except (DatabaseError, InterfaceError, Refused):
            raise
        except Exception as error:
            logger.exception("The doctor failed at the hop %s.", step.hop.code)
            yield failed(step.hop, error)
            return
    reason = _("There was no time left for the rest of this hop.")
    yield not_checked(f"{step.hop.code}{LATE}", reason)


def failed(hop: Hop, error: Exception) -> Finding:
    """Say that the doctor is at fault, as far as is known."""
    seen = _("The doctor failed here because of an error in the panel: %(error)s.")
    params = {"error": words.quoted(f"{type(error).__name__}: {error}").rstrip(".")}
    advice = _("Report it with the traceback, which the panel's log contains.")
    return broken(f"{hop.code}{FAILED}", seen % params, Remedy(advice))


def is_working(findings: list[Finding]) -> bool:
    """Say whether the panel's own account can use the database."""
    return bool(findings) and findings[0].state == State.WORKING


def add_canary(
    stack: ExitStack, actor: Actor, examination: Examination, domain: str
) -> Iterator[Finding]:
    """Let a new mailbox sign in, if there is a domain; yield why there can be none."""
    try:
        domain = domain or first_domain()
        if not domain:
            return
        mailbox, password = stack.enter_context(actions.canary(actor, domain))
    except DatabaseError as error:
        place = panel_place() if examination.host.database.hosts else None
        yield unwritable.explain(examination, error, place)
        return
    host = examination.host
    examination.login = Login(mailbox.pk, password)
    examination.folder = host.location.root.path(host.home, mailbox.pk, mailbox.maildir)


def first_domain() -> str:
    """Return the first active domain that can have mailboxes, or an empty string."""
    active = Domain.objects.filter(active=True)[:MAX_DOMAINS]
    return next((each.pk for each in active if can_have_mailboxes(each)), "")


def can_have_mailboxes(domain: Domain) -> bool:
    try:
        DomainName.parse(domain.pk)  # other programs also store other names
    except BadAddress:
        return False
    is_local = domain.route.kind == Kind.LOCAL
    return is_local and not AliasDomain.objects.filter(pk=domain.pk).exists()
