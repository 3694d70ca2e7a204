"""The proof that mail arrives: messages for the temporary mailbox, from a port to its folder."""

import re
import smtplib
import socket
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from mailboxes.actions.canary import MAX_AGE, PREFIX, alias_of
from mailboxes.deployment.states import State
from mailboxes.doctor import (
    disks,
    inbox,
    mail_folder,
    mail_queue,
    postfix_causes,
    postfix_extras,
    postfix_services,
    postfix_settings,
    relay_host,
    submission,
    usage_writes,
    words,
)
from mailboxes.doctor.elsewhere import not_here
from mailboxes.doctor.examination import Examination, Login
from mailboxes.doctor.finding import Finding, broken, not_checked, warning, working
from mailboxes.doctor.mail_queue import Queued
from mailboxes.doctor.protocols import smtp
from mailboxes.doctor.remedies import REPAIR_BEFORE, Remedy, restart
from mailboxes.export.renaming import as_user
from mailboxes.texts import gettext as _

SECONDS = 4.0
"""How long a message may be on its way; a filter can take longer."""

FILTER_SECONDS = 2.0
"""How long a mail filter may take to greet."""

PAUSE = 0.1
GONE = 5
"""After so many pauses, a message that is nowhere won't come any more."""

COPIES = ("always_bcc", "recipient_bcc_maps", "sender_bcc_maps")
FILTER = re.compile(r":\[?(?P<host>[\w.:-]+)\]?:(?P<port>\d+)\s*$")
BEFORE = {"database", "dovecot", "maps"}
STORAGE = (".inbox", ".folder", ".disk")
"""How the codes of findings end that keep mail from being stored."""


def examine(examination: Examination) -> Iterator[Finding]:
    access = examination.access
    if not access.is_mail_host:
        yield not_here("delivery")
        return
    if not access.sees_all:
        yield not_checked("delivery", _("Only root can follow a message through the queue."))
        return
    lacking = list(postfix_services.missing(access))
    yield from lacking
    yield from prove(examination, lacking[0].remedy if lacking else None)
    yield from mail_queue.examine(examination)
    yield from relay_host.examine(access)


def prove(examination: Examination, remedy: Remedy | None) -> Iterator[Finding]:
    """Send messages to the temporary mailbox, and to nobody else; nothing of them stays."""
    login = examination.login
    if not login or not examination.folder:
        reason = _("The doctor sends no messages to users.") if login else examination.why_nobody
        yield not_checked("delivery", reason)
        return
    if not examination.accepting:
        reason = _("No port has accepted mail for the address, so none was sent.")
        yield not_checked("delivery", reason)
        return
    copies = examination.access.run(["postconf", "-h", *COPIES]).stdout.split()
    if copies:
        reason = _("No message was sent, since Postfix would also send copies of it to others.")
        yield not_checked("delivery", reason, "\n".join(map(words.quoted, copies)))
        return
    try:
        found = deliver(examination, login, remedy)
        yield found
        if found.state == State.WORKING:
            yield from usage_writes.noted(examination, login.address)
    finally:
        clean(examination, login)


def deliver(examination: Examination, login: Login, remedy: Remedy | None) -> Finding:
    """Send a message by each port; the first one to an alias of the mailbox."""
    ports = sorted(examination.accepting)
    is_known = "ports.25.alias" in examination.named
    first = login.address if is_known else alias_of(login.address)
    recipients = [first, *[login.address] * (len(ports) - 1)]
    for port, recipient in zip(ports, recipients, strict=True):
        try:
            status, text = send(examination, port, login, recipient)
        except submission.ERRORS as error:
            return submission.silent(examination, port, error)
        if status != 250:
            return refused(examination, port, words.reply(status, text))
    queued = wait(examination, login, len(ports))
    if queued is None:
        return working("delivery", _("A message arrives in the mailbox."))
    return undelivered(examination, queued, remedy)


def message(login: Login) -> bytes:
    found = EmailMessage()
    found["From"] = found["To"] = login.address
    found["Subject"] = "mailadmin doctor"
    found["Date"] = formatdate()
    found["Message-ID"] = make_msgid(domain=login.address.rpartition("@")[2])
    found["Auto-Submitted"] = "auto-generated"
    found.set_content("This message shows whether mail arrives. It is removed at once.\n")
    return found.as_bytes()


def send(examination: Examination, port: int, login: Login, recipient: str) -> tuple[int, bytes]:
    """Return the answer to a message without a sender, so that nobody gets it back."""
    with smtp.connect(examination.access.address(port), port) as client:
        if port == 587:
            smtp.start_tls(client)
        if port != 25:
            smtp.sign_in(client, *login)
        client.mail("")
        status, text = client.rcpt(recipient)
        if status != 250:
            return status, text
        try:
            return client.data(message(login))
        except smtplib.SMTPDataError as error:
            said = error.smtp_error
            return error.smtp_code, said.encode() if isinstance(said, str) else said


def wait(examination: Examination, login: Login, count: int) -> list[Queued] | None:
    """Wait until all have arrived, or return what is still in the queue when that is known."""
    end = time.monotonic() + SECONDS
    absent = 0
    while arrived(examination) < count:
        queued = mail_queue.find(examination, common_part(login))
        absent = 0 if queued else absent + 1
        is_deferred = queued and all(each.queue in ("deferred", "hold") for each in queued)
        if is_deferred or absent > GONE or time.monotonic() > end:
            return queued
        time.sleep(PAUSE)
    return None


def common_part(login: Login) -> str:
    """Return what the address of the mailbox and that of its alias have in common."""
    return login.address.removeprefix(PREFIX)


def arrived(examination: Examination) -> int:
    """Count the messages in the temporary mailbox, as the user to whom all mail belongs."""
    user = as_user(examination.host).split()
    found = ["find", examination.folder, "-type", "f"]
    names = ["(", "-path", "*/new/*", "-o", "-path", "*/cur/*", ")"]
    return len(examination.access.run([*user, *found, *names]).stdout.splitlines())


def refused(examination: Examination, port: int, reply: str) -> Finding:
    seen = _("Port %(port)s accepts the address, but then refuses the message: %(reply)s")
    params = {"port": port, "reply": reply}
    log = submission.log(examination)
    return broken("delivery.refused", seen % params, repair(examination), log)


def undelivered(examination: Examination, queued: list[Queued], remedy: Remedy | None) -> Finding:
    """Say where a message has stayed that Postfix has accepted."""
    reasons = [reason for each in queued for reason in each.reasons.values() if reason]
    if queued and not remedy and (ended := fatal(examination)):
        return ended
    remedy = remedy or mail_folder.after_refusal(examination, reasons) or repair(examination)
    if reasons:
        seen = _("Postfix accepts mail, but can't deliver it: %(reason)s.")
        params = {"reason": words.quoted(reasons[0]).rstrip(".")}
        return broken("delivery.deferred", seen % params, remedy, submission.log(examination))
    if any(each.queue == "hold" for each in queued):
        seen = _("Postfix accepts mail, but keeps it on hold, so it doesn't arrive.")
        return broken("delivery.held", seen, remedy, traces(examination))
    if any(each.queue == "incoming" for each in queued):
        seen = _("Postfix accepts mail, but its queue manager (qmgr) doesn't handle it.")
        restarted = restart(_("Restart Postfix:"), "postfix")
        lately = words.log(examination, words.MAIL, words.LATELY)
        return broken("delivery.stuck", seen, restarted, lately)
    if queued and (name := silent_filter(examination)):
        seen = _("Postfix waits for the mail filter %(name)s, which doesn't answer.")
        log = submission.log(examination)
        return broken("delivery.filter", seen % {"name": name}, remedy, log)
    if queued:
        seen = _("Postfix accepts mail, but hasn't delivered it after %(seconds)s seconds.")
        seen %= {"seconds": round(SECONDS)}
        return warning("delivery.slow", seen, remedy, submission.log(examination))
    seen = _("Postfix accepts mail, but it doesn't arrive in %(folder)s.")
    if arrived(examination):
        seen = _(
            "Postfix accepts mail for an alias, but it doesn't arrive in %(folder)s; mail for the "
            "mailbox's own address does."
        )
    params = {"folder": examination.folder}
    return broken("delivery.lost", seen % params, remedy, traces(examination))


def fatal(examination: Examination) -> Finding | None:
    """Say why a daemon ends again and again that should deliver messages, if its log names it."""
    cause = None if examination.is_broken_before else postfix_causes.lately(examination)
    if not cause:
        return None
    seen = _("Postfix accepts mail, but can't deliver it, since a part of it ends. %(reason)s")
    remedy = cause.remedy._replace(command=f"{cause.remedy.command}; postsuper -r ALL")
    log = submission.log(examination)
    return broken("delivery.fatal", seen % {"reason": cause.reason}, remedy, log)


def silent_filter(examination: Examination) -> str:
    """Return the content filter that doesn't greet; empty if each does, or there is none."""
    run = examination.access.run
    options = postfix_settings.assignments(run(["postconf", "-P"]).stdout.splitlines())
    named = [options[key] for key in options if key.endswith("/content_filter")]
    for value in dict.fromkeys([run(["postconf", "-h", "content_filter"]).stdout, *named]):
        found = FILTER.search(value)
        if found and not greets(found["host"], int(found["port"])):
            return words.quoted(value)
    return ""


def greets(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), 1) as connection:
            connection.settimeout(FILTER_SECONDS)
            return bool(connection.recv(1))
    except OSError:
        return False


def traces(examination: Examination) -> str:
    """Return what Postfix has logged of the messages, which need not be a warning."""
    address = common_part(examination.login) if examination.login else PREFIX
    command = ["journalctl", "--quiet", "--no-pager", f"--since=@{examination.began}", *words.MAIL]
    lines = examination.access.run([*command, "--output=short"]).stdout.splitlines()
    found = [line for line in lines if address in line]
    return "\n".join(map(words.quoted, found[-3:])) or submission.log(examination)


def repair(examination: Examination) -> Remedy:
    """Return what helps against a message that is stuck: the disk, or the settings that are new."""
    if examination.broken & BEFORE or any(code.endswith(STORAGE) for code in examination.named):
        return REPAIR_BEFORE
    full = disks.mail_remedies(examination.host)
    if disk := next(iter(full.values()), None) or disks.queue_remedy():
        return disk
    if changed := postfix_services.changed(examination.access):
        return changed
    if extras := postfix_extras.find(examination, postfix_extras.DELIVERY):
        remedy = postfix_extras.remedy(extras)
        return remedy._replace(command=f"{remedy.command}; postsuper -r ALL")
    return submission.last_resort(examination)


def clean(examination: Examination, login: Login) -> None:
    """Remove the messages from the queue and the folder, also those of a run that was killed."""
    mail_queue.remove(examination, mail_queue.find(examination, common_part(login)))
    inbox.remove_folder(examination)
    inbox.remove_old_folders(examination, round(MAX_AGE.total_seconds() / 60))
