"""The hop `mailbox`: what the tables say of the address that is asked for."""

from collections.abc import Iterator
from dataclasses import replace

from django.db import DatabaseError

from mailboxes.addresses import NOT_AN_ADDRESS, BadAddress
from mailboxes.deployment.states import State
from mailboxes.doctor.address import mail, mailbox
from mailboxes.doctor.examination import Examination, Login
from mailboxes.doctor.finding import Finding, broken, not_checked, warning, working
from mailboxes.doctor.remedies import Remedy
from mailboxes.formats import database_message, error_message
from mailboxes.models import Alias, Mailbox
from mailboxes.texts import gettext as _


def examine(examination: Examination) -> Iterator[Finding]:
    """Yield what is known of the address that is asked for.

    If its owner has typed the password, that signs in at the other hops, but only if the mailbox
    can sign in, send and receive: otherwise each would fail for the same reason.
    """
    asked = examination.asked
    if asked is None:
        return
    try:
        findings = list(explain(examination, asked))
    except DatabaseError as error:
        seen = _("A table can't be read: %(error)s.") % {"error": database_message(error)}
        yield not_checked("mailbox.tables", seen)
        return
    yield from findings
    hindered = any(
        finding.state == State.BROKEN or finding.code in mailbox.HINDRANCES for finding in findings
    )
    if asked.password and not hindered:
        examination.login = asked
    elif asked.password:
        reason = _("The hops are tried with another mailbox, not with the password that was typed.")
        yield not_checked("mailbox.login", reason)


def explain(examination: Examination, asked: Login) -> Iterator[Finding]:
    address = asked.address
    if "@" not in address:
        seen = error_message(BadAddress(NOT_AN_ADDRESS, {"text": address}))
        yield not_checked("mailbox.address", seen)
        return
    domain = address.rpartition("@")[2]
    row = Mailbox.objects.filter(pk=address).first()
    alias = Alias.objects.filter(pk=address).first()
    if row:
        yield from mailbox.row_findings(row)
    elif alias:
        yield from alias_findings(alias, bool(asked.password))
    else:
        yield unknown(address, bool(asked.password))
    yield from mail.domain_findings(domain, row or alias)
    if row:
        yield from mailbox.password_findings(examination, row, asked.password)
    destination = mail.destination_finding(address)
    if not (row or alias) and destination.state == State.BROKEN:
        destination = replace(destination, state=State.WARNING)  # as the address that is unknown
    yield destination
    if row and row.active:
        yield from mailbox.relation_findings(examination, row)
    if row:
        yield from mailbox.use_findings(examination.host, row)


def alias_findings(alias: Alias, signs_in: bool) -> Iterator[Finding]:
    params = {"address": alias.pk}
    if not alias.active:
        remedy = Remedy(_("Enable it in the panel's list of aliases."))
        yield broken("mailbox.disabled", _("The alias %(address)s is disabled.") % params, remedy)
        return
    seen = _("%(address)s is an alias, not a mailbox, so nobody can sign in with it.") % params
    yield (broken if signs_in else working)("mailbox.alias", seen)


def unknown(address: str, signs_in: bool) -> Finding:
    """Say that there is no such row, which is a fault only if someone wants to sign in."""
    seen = _("There is neither a mailbox nor an alias with the address %(address)s.")
    return (broken if signs_in else warning)("mailbox.unknown", seen % {"address": address})
