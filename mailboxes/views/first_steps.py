"""The checklist of the first evening, on the dashboard of superusers until all of it is done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from mailboxes import usage
from mailboxes.access.grants import scope_of
from mailboxes.audit.models import Entry
from mailboxes.conf import MailHost, is_example, is_for_tests, mail_host
from mailboxes.deployment.applied import last_applied
from mailboxes.deployment.examinations import Reports
from mailboxes.deployment.models import SetupStep
from mailboxes.deployment.states import State
from mailboxes.doctor.stored import last_report
from mailboxes.errors import Refused
from mailboxes.models import Domain, LastLogin, Mailbox

FINISHED = "finished"
BY_HAND = ("dns", "certificate", "sign-in")
"""What the panel can't always see."""


@dataclass(frozen=True)
class Step:
    name: str
    title: str | Promise
    text: str | Promise
    is_done: bool
    url: str = ""
    link: str | Promise = ""

    @property
    def by_hand(self) -> bool:
        return self.name in BY_HAND and not self.is_done


@dataclass(frozen=True)
class Checklist:
    steps: Sequence[Step] = ()

    @property
    def done(self) -> list[Step]:
        return [step for step in self.steps if step.is_done]

    @property
    def open(self) -> list[Step]:
        """Return what remains to be done; the first is what to do next."""
        return [step for step in self.steps if not step.is_done]


def remaining(reports: Reports) -> Checklist:
    """Return all steps, unless they were all done before or the list was hidden."""
    ticked = set(SetupStep.objects.values_list("name", flat=True))
    if FINISHED in ticked:
        return Checklist()
    found = Checklist(list(steps(reports, ticked)))
    if not found.open:
        SetupStep.objects.get_or_create(name=FINISHED)
        return Checklist()
    return found


def steps(reports: Reports, ticked: set[str]) -> Iterator[Step]:
    try:
        host: MailHost | None = mail_host()
    except Refused:
        host = None
    first = Domain.objects.order_by("pk").values_list("pk", flat=True).first()
    yield host_step(host)
    yield Step(
        "domain",
        _("A domain"),
        _("Add the domain whose mail this host receives."),
        first is not None,
        reverse("admin:mailboxes_domain_add"),
        _("Add domain"),
    )
    yield Step(
        "mailbox",
        _("A mailbox"),
        _("Add a mailbox, with a password for its owner."),
        Mailbox.objects.exists(),
        reverse("admin:mailboxes_mailbox_add"),
        _("Add mailbox"),
    )
    yield dns_step(first, "dns" in ticked)
    yield certificate_step(host, reports, "certificate" in ticked)
    yield Step(
        "applied",
        _("Configuration applied"),
        _("Download the configuration, and run apply on the mail host."),
        last_applied() is not None,
        f"{reverse('configuration')}#steps",
        _("Configuration"),
    )
    yield Step(
        "sign-in",
        _("A first sign-in"),
        _("Set up a mail program with the mailbox's client settings, and sign in."),
        "sign-in" in ticked or has_signed_in(),
        reverse("mail-programs"),
        _("Client settings"),
    )


def host_step(host: MailHost | None) -> Step:
    name = host.hostname if host else ""
    text = _(
        "Set MAIL_HOSTNAME in .env to the full name of the mail host, and restart the panel. It is "
        "now: %(name)s"
    )
    title = _("The mail host's name")
    is_named = bool(name) and not is_example(name) and not is_for_tests(name)
    return Step("host", title, name if is_named else text % {"name": name or "-"}, is_named)


def dns_step(domain: str | None, is_done: bool) -> Step:
    url = reverse("admin:mailboxes_domain_dns", args=[domain]) if domain else ""
    text = _("MX, SPF and the address's name (PTR), and autoconfig for mail programs.")
    return Step("dns", _("DNS records"), text, is_done, url, _("Look them up"))


def certificate_step(host: MailHost | None, reports: Reports, is_ticked: bool) -> Step:
    """The doctor has seen it on the ports, if it is named in the settings."""
    last = last_report(reports)
    states = {result.hop.code: result.state for result in last.results} if last else {}
    is_seen = bool(host and host.certificate) and states.get("ports") == State.WORKING
    text = _(
        "Get one for the mail host's name, such as Let's Encrypt's with certbot, and set "
        "MAIL_TLS_CERT and MAIL_TLS_KEY in .env. The doctor checks it on the ports."
    )
    return Step("certificate", _("A certificate"), text, is_ticked or is_seen,
                reverse("doctor"), _("Doctor"))  # fmt: skip


def has_signed_in() -> bool:
    """Say whether Dovecot or the password page has seen an owner sign in."""
    logins = usage.by_address(LastLogin.objects.filter(last_login__gt=0)[:1], "last_login")
    return bool(logins) or Entry.objects.filter(action="mailbox.sign-in").exists()


@never_cache
def first_steps(request: HttpRequest) -> HttpResponse:
    """Tick a step that the panel can't see, or hide the list."""
    if not scope_of(request.user).is_everything:
        raise PermissionDenied
    name = request.POST.get("step", "")
    if request.method == "POST" and name in (*BY_HAND, FINISHED):
        SetupStep.objects.get_or_create(name=name)
        if name == FINISHED:
            messages.info(request, _("The first steps are hidden."))
    return redirect("admin:index")
