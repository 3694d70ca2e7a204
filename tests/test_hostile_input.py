"""Whatever is typed into a form or given to a command: an answer, and nothing half-written."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailboxes.audit.models import Entry, Phase
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.admin.conftest import ALIAS, DOMAIN, MAILBOX
from tests.conftest import PASSWORD
from tests.second_factor.conftest import MALFORMED, person

AWKWARD = ["", " ", "0", "-1", "1G", "1e9", "\uff19", "a@b", "@", "x" * 300, "%s%(a)s", "{x}",
           "'\";--", "<b>", "\0", "a\nb", "\u202e", "\ud800", "\U0001d54f@example.org", "on",
           "anna@example.org", "99999999999999999999", "example.org", "EXAMPLE.ORG", "../../etc",
           PASSWORD]  # fmt: skip
TEXT = st.one_of(st.sampled_from(AWKWARD), st.text(max_size=40))
ADDRESS = ["address_0", "address_1"]
PASSWORDS = ["new_password1", "new_password2"]
USER = ["username", "password1", "password2", "role", "all_domains", "domains", "first_name",
        "last_name", "email", "is_active", "is_temporary"]  # fmt: skip
LIMITS = ["description", "mailboxes", "aliases", "maxquota_0", "maxquota_1", "quota_0", "quota_1",
          "self_service", "active"]  # fmt: skip
FORMS = {
    f"{DOMAIN}add/": ["domain", *LIMITS],
    f"{DOMAIN}example.org/change/": LIMITS,
    f"{DOMAIN}example.org/delete/": ["post", "confirm"],
    f"{MAILBOX}add/": [*ADDRESS, "name", "quota_0", "quota_1", "active", *PASSWORDS],
    f"{MAILBOX}anna_40example.org/change/": ["name", "quota_0", "quota_1", "active", *PASSWORDS],
    f"{MAILBOX}anna_40example.org/password/": PASSWORDS,
    f"{MAILBOX}anna_40example.org/set-active/": ["active"],
    f"{ALIAS}add/": [*ADDRESS, "goto", "active"],
    f"{ALIAS}anna_40example.org/change/": ["goto", "active"],
    "/admin/mailboxes/aliasdomain/add/": ["alias_domain", "target_domain", "active"],
    "/admin/auth/user/add/": USER,
    "/admin/auth/user/1/change/": USER,
    "/admin/auth/user/1/password/": ["password1", "password2", "is_temporary"],
    "/admin/password_change/": ["old_password", *PASSWORDS],
    "/admin/login/": ["username", "password", "next", "unsaved"],
    "/admin/confirm/": ["password", "code", "credential"],
    "/admin/second-factor/app/": ["code"],
    "/admin/second-factor/passkey/": ["name", "credential"],
    "/admin/auth/user/1/second-factor/": ["password"],
    "/password/": ["address", "current_password", *PASSWORDS],
    "/password/check/": ["password", "username", "name", "account"],
    "/admin/configuration/download/": ["path"],
    MAILBOX: ["action", "_selected_action", "select_across", "post", "after", "done", "failed",
              "count", "refused", "quota_0", "quota_1", "stop"],
}  # fmt: skip
PAGES = {
    MAILBOX: ["q", "after", "before", "inside", "active__exact", "domain", "attention", "p"],
    ALIAS: ["q", "after", "before", "kind", "domain"],
    "/admin/log/": ["q", "action", "since", "until", "before", "csv"],
    "/admin/configuration/upgrade/": ["from", "to"],
    "/admin/auth/user/": ["q", "role", "is_active__exact"],
    "/admin/login/": ["next"],
}
COMMANDS = {
    "createdomain": ["--description", "--mailboxes", "--aliases", "--maxquota", "--quota"],
    "createmailbox": ["--name", "--quota"],
    "exportconfig": ["--variant", "--release", "--scheme", "--compare"],
    "prunelog": ["--before", "--to"],
    "verifylog": ["--head"],
    "unlock": ["--client"],
    "resetsecondfactor": [],
}
WITH_A_NAME = ("createdomain", "createmailbox", "unlock", "resetsecondfactor")
QUIET = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def typed(names: list[str], values: list[str]) -> dict[str, str]:
    """Return the fields as a browser sends them, in UTF-8."""
    texts = (text.encode("utf-8", "replace").decode() for text in values)
    return dict(zip(names, texts, strict=True))


def mail_rows() -> list[Any]:
    """Return everything in the mail tables."""
    models = (Domain, Mailbox, Alias, AliasDomain)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def assert_consistent() -> None:
    """Each mailbox has its domain and its own alias, and no entry of the log is open."""
    for mailbox in Mailbox.objects.all():
        assert Domain.objects.filter(pk=mailbox.domain_id).exists()
        assert Alias.objects.filter(pk=mailbox.pk).exists()
    begun = Entry.objects.filter(phase=Phase.BEGUN).values_list("seq", flat=True)
    ended = Entry.objects.exclude(begun=None).values_list("begun", flat=True)
    assert set(begun) == set(ended)


@pytest.mark.parametrize("url", FORMS)
def test_a_form_answers_and_writes_nothing_when_it_refuses(
    rita: Client, anna: Mailbox, url: str
) -> None:
    rita.raise_request_exception = False

    @QUIET
    @given(values=st.lists(TEXT, min_size=len(FORMS[url]), max_size=len(FORMS[url])))
    def run(values: list[str]) -> None:
        data = {
            name: text.encode("utf-8", "replace").decode()
            for name, text in zip(FORMS[url], values, strict=True)
        }
        with transaction.atomic("default"), transaction.atomic("mail"):
            before = mail_rows()
            answer = rita.post(url, data)
            assert answer.status_code < 500, answer.status_code
            if answer.status_code not in (302, 200) or b"Nothing was saved" in answer.content:
                assert mail_rows() == before
            assert_consistent()
            transaction.set_rollback(True, "default")
            transaction.set_rollback(True, "mail")

    run()


def test_the_page_for_a_code_answers_whatever_is_typed(tables: None, steady_clock: None) -> None:
    vera = person("vera")
    vera.add_app()
    vera.sign_in()
    vera.client.raise_request_exception = False

    @QUIET
    @given(code=TEXT, credential=TEXT | st.sampled_from(MALFORMED))
    def run(code: str, credential: str) -> None:
        data = typed(["code", "credential"], [code, credential])
        with transaction.atomic("default"):
            assert vera.client.post("/admin/login/code/", data).status_code in (200, 429)
            transaction.set_rollback(True, "default")

    run()


@pytest.mark.parametrize(
    ("url", "form"),
    [
        (f"{DOMAIN}example.org/change/", {"aliases": "0", "mailboxes": "0"}),
        (f"{MAILBOX}anna_40example.org/change/", {"name": "Anna"}),
        (f"{ALIAS}info_40example.org/change/", {"goto": "anna@example.org"}),
    ],
)
def test_nothing_is_saved_with_forged_values_of_what_was_shown(
    rita: Client, anna: Mailbox, url: str, form: dict[str, str]
) -> None:
    Alias.objects.create(pk="info@example.org", goto=anna.pk, domain=anna.domain)
    before = mail_rows()

    @QUIET
    @given(shown=TEXT)
    def run(shown: str) -> None:
        page = rita.post(url, form | typed(["shown"], [shown]))
        assert "This page is out of date" in page.content.decode()
        assert mail_rows() == before

    run()


@pytest.mark.parametrize("url", PAGES)
def test_a_page_answers_any_query_and_writes_nothing(rita: Client, anna: Mailbox, url: str) -> None:
    rita.raise_request_exception = False

    @QUIET
    @given(values=st.lists(TEXT, min_size=len(PAGES[url]), max_size=len(PAGES[url])))
    def run(values: list[str]) -> None:
        before = mail_rows()
        data = {
            name: text.encode("utf-8", "replace").decode()
            for name, text in zip(PAGES[url], values, strict=True)
        }
        answer = rita.get(url, data)
        assert answer.status_code < 500
        b"".join(answer)
        assert mail_rows() == before

    run()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_succeeds_or_explains_in_a_sentence_why_not(
    domain: Domain, command: str, tmp_path: Any
) -> None:
    @QUIET
    @given(first=TEXT, values=st.lists(st.none() | TEXT, min_size=5, max_size=5))
    def run(first: str, values: list[str | None]) -> None:
        options = [
            f"{name}={text}"
            for name, text in zip(COMMANDS[command], values, strict=False)
            if text is not None and not (name == "--to" and text)
        ]
        positional = [first] if command in WITH_A_NAME else []
        extra = ["--generate"] if command == "createmailbox" else []
        before = mail_rows()
        with transaction.atomic("default"), transaction.atomic("mail"):
            try:
                call_command(command, *options, *extra, "--", *positional, stdout=StringIO())
            except CommandError as error:
                text = str(error)
                assert text[:1] != "" and mail_rows() == before
                assert "Traceback" not in text and "\0" not in text
            assert_consistent()
            transaction.set_rollback(True, "default")
            transaction.set_rollback(True, "mail")
        assert mail_rows() == before

    run()
    assert connections["mail"].is_usable()
