"""Whatever is typed into a form or given to a command: an answer, and nothing half-written."""

import os
import re
from collections.abc import Iterator
from html import unescape
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command, load_command_class
from django.db import connections, transaction
from django.test import Client
from django.urls import resolve
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from mailboxes.audit.models import Entry, Phase
from mailboxes.management import commands
from mailboxes.management.base import MailCommand
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.admin.conftest import ALIAS, DOMAIN, MAILBOX, signed_in
from tests.conftest import PASSWORD
from tests.routes import copied, create_each_object, paths, place, sign_in_each_role, undone
from tests.second_factor.conftest import MALFORMED, person

AWKWARD = ["", " ", "0", "-1", "1G", "1e9", "\uff19", "a@b", "@", "x" * 300, "%s%(a)s", "{x}",
           "'\";--", "<b>", "\0", "a\nb", "\u202e", "\ud800", "\U0001d54f@example.org", "on",
           "anna@example.org", "99999999999999999999", "example.org", "EXAMPLE.ORG", "../../etc",
           PASSWORD]  # fmt: skip
SCRIPT = "<script>alert(1)</script>@example.org"
TEXT = st.one_of(st.sampled_from(AWKWARD), st.text(max_size=40))
ADDRESS = ["address_0", "address_1"]
PASSWORDS = ["new_password1", "new_password2"]
HANDLING = ["handling", "sentence"]
MAIL = [*HANDLING, "receive_only"]
USER = ["username", "password1", "password2", "role", "all_domains", "domains", "first_name",
        "last_name", "email", "is_active", "is_temporary"]  # fmt: skip
LIMITS = ["description", "mailboxes", "aliases", "maxquota_0", "maxquota_1", "quota_0", "quota_1",
          "self_service", "active", "delivery", "next_hop", "postmaster"]  # fmt: skip
BULK = ["action", "_selected_action", "select_across", "index", "post", "after", "done", "failed",
        "count", "refused", "quota_0", "quota_1", "stop"]  # fmt: skip
IMPORT = ["by_hand", "creates_domains", "updates", "is_whole"]
ALIAS_DOMAIN, USER_PAGE = "/admin/mailboxes/aliasdomain/", "/admin/auth/user/1/"
FORMS = {
    f"{DOMAIN}add/": ["domain", *LIMITS],
    f"{DOMAIN}example.org/change/": [*LIMITS, "any_recipient"],
    f"{DOMAIN}example.org/delete/": ["post", "confirm"],
    f"{MAILBOX}add/": [*ADDRESS, "name", "quota_0", "quota_1", "active", *MAIL, *PASSWORDS],
    f"{MAILBOX}anna_40example.org/change/": [
        *("name", "quota_0", "quota_1", "active", *MAIL, *PASSWORDS),
    ],
    f"{MAILBOX}anna_40example.org/delete/": ["post"],
    f"{MAILBOX}anna_40example.org/password/": [*PASSWORDS, "is_temporary", "username"],
    f"{MAILBOX}anna_40example.org/rename/": [*ADDRESS, "keeps_old", "folder_is_linked", "confirm"],
    f"{MAILBOX}anna_40example.org/set-active/": ["active"],
    f"{ALIAS}add/": [*ADDRESS, "goto", "active", *HANDLING],
    f"{ALIAS}info_40example.org/change/": ["goto", "active", *HANDLING],
    f"{ALIAS}info_40example.org/delete/": ["post"],
    f"{ALIAS}info_40example.org/set-active/": ["active"],
    f"{ALIAS_DOMAIN}add/": ["alias_domain", "target_domain", "active"],
    f"{ALIAS_DOMAIN}example.edu/change/": ["active"],
    f"{ALIAS_DOMAIN}example.edu/delete/": ["post"],
    f"{ALIAS_DOMAIN}example.edu/set-active/": ["active"],
    f"{DOMAIN}example.org/rename/": ["domain", "keeps_old", "folder_is_linked", "confirm"],
    f"{DOMAIN}example.org/set-active/": ["active"],
    "/admin/auth/user/add/": USER,
    f"{USER_PAGE}change/": USER,
    f"{USER_PAGE}password/": ["password1", "password2", "is_temporary", "username"],
    f"{USER_PAGE}second-factor/": ["password", "username"],
    f"{USER_PAGE}delete/": ["post"],
    "/admin/password_change/": ["old_password", *PASSWORDS],
    "/admin/login/": ["username", "password", "next", "unsaved"],
    "/admin/confirm/": ["password", "code", "credential", "username"],
    "/admin/second-factor/app/": ["code"],
    "/admin/second-factor/passkey/": ["name", "credential"],
    "/admin/logout/": ["next"],
    "/language/": ["language", "next"],
    "/password/": ["address", "current_password", *PASSWORDS],
    "/password/check/": ["password", "username", "name", "account"],
    "/admin/configuration/download/": ["path"],
    "/admin/configuration/applied/": ["line"],
    "/admin/configuration/adoption/": [],
    "/admin/configuration/adoption/confirm/": ["folders", "administrators"],
    "/admin/configuration/adoption/forget/": [],
    "/admin/doctor/": ["address"],
    "/admin/doctor/log/": ["log"],
    "/admin/import/": ["file", "unit", "columns", *IMPORT],
    "/admin/import/undo/": ["entry", "post", "after", "continues", "done", "refused"],
    "/admin/export/": ["hashes"],
    "/admin/first-steps/": ["step"],
    "/admin/log/undo/": ["entry", "after", "continues", "done", "refused", "back"],
    **dict.fromkeys([MAILBOX, ALIAS, DOMAIN, ALIAS_DOMAIN, "/admin/auth/user/"], BULK),
}  # fmt: skip
WITH_A_FACTOR = {
    "/admin/login/code/": ["code", "credential"],
    "/admin/second-factor/1/remove/": ["post"],
    "/admin/second-factor/recovery-codes/": ["post"],
    "/admin/second-factor/recovery-codes/file/": ["codes"],
}
"""The forms of somebody with a second factor; the first one asks for it."""

IN_ANY_FORM = {"csrfmiddlewaretoken", "shown", "opened_by"}
IN_ANY_FORM |= {"_save", "_continue", "_addanother", "_sheet", "_mailbox"}
"""Buttons, and what was shown and who opened it, which tests of their own forge."""

PAGES = {
    MAILBOX: [
        "q",
        "after",
        "before",
        "inside",
        "active__exact",
        "domain",
        "attention",
        "p",
        "sort",
    ],
    ALIAS: ["q", "after", "before", "kind", "domain", "active__exact", "attention"],
    "/admin/search/": ["q"],
    "/admin/search/targets/": ["q"],
    "/admin/log/": ["q", "actor", "action", "since", "until", "before", "csv"],
    "/admin/configuration/upgrade/": ["from", "to"],
    DOMAIN: ["q", "after", "before", "active__exact", "attention"],
    ALIAS_DOMAIN: ["q", "after", "before", "active__exact"],
    "/admin/auth/user/": ["q", "role", "is_active__exact"],
    "/admin/login/": ["next"],
    "/mail-programs/": ["address"],
}
COMMANDS = {
    "adopt": ["--folders"],
    "backup": ["--keep", "--recipient", "--passphrase-file"],
    "checkaliases": [],
    "cleanup": [],
    "countfigures": [],
    "createdomain": [
        "--description",
        "--mailboxes",
        "--aliases",
        "--maxquota",
        "--quota",
        "--relay-to",
        "--postmaster",
    ],
    "createmailbox": ["--name", "--quota", "--send-only"],
    "doctor": ["--domain", "--log"],
    "exportmailboxes": ["--domain"],
    "importmailboxes": ["--columns", "--quota-unit", "--report", "--undo"],
    "exportconfig": ["--variant", "--release", "--scheme", "--compare", "--output", "--list"],
    "importdatabase": ["--report", "--product", "--prefix", "--quota-unit", "--default-scheme"],
    "prunelog": ["--before", "--to"],
    "verifylog": ["--head"],
    "unlock": ["--client"],
    "renamedomain": [],
    "renamemailbox": [],
    "rebuildlookups": [],
    "panelgrants": [],
    "resetsecondfactor": [],
    "firstadmin": [],
    "createdemo": [],
    "restore": ["--passphrase-file", "--identity"],
}
NEW_PATHS = ("--list", "--output", "--report", "--to")
WITH_A_NAME = (
    "backup",
    "restore",
    "createdomain",
    "createmailbox",
    "doctor",
    "exportmailboxes",
    "importdatabase",
    "importmailboxes",
    "renamedomain",
    "renamemailbox",
    "unlock",
    "resetsecondfactor",
)
QUIET = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BRIEF = settings(QUIET, max_examples=5)
"""For requests, of which each fills every field."""


def typed(names: list[str], values: list[str]) -> dict[str, str]:
    """Return the fields as a browser sends them, in UTF-8."""
    texts = (text.encode("utf-8", "replace").decode() for text in values)
    return dict(zip(names, texts, strict=True))


def as_argument(text: str) -> str:
    """Return the text as a process gets it: without NUL, which ends it, and as decoded bytes."""
    return os.fsdecode(text.replace("\0", "").encode("utf-8", "surrogatepass"))


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


@pytest.fixture
def boss(anna: Mailbox) -> Client:
    """A superuser, beside an object of each kind."""
    create_each_object()
    return signed_in("superuser", name="boss")


def forms_shown(page: Any, url: str) -> Iterator[tuple[str, str, set[str]]]:
    """Yield method, path and fields of each form, and for links those of their queries."""
    text = "" if page.streaming else page.content.decode()
    for attributes, body in re.findall(r"<form\b([^>]*)>(.*?)</form>", text, re.DOTALL):
        action = re.search(r'action="([^"?]*)', attributes)
        method = "POST" if 'method="post"' in attributes else "GET"
        names = re.findall(r'<(?:input|select|textarea|button)\b[^>]*\bname="([^"]+)"', body)
        yield method, urljoin(url, action[1] if action else ""), set(names) - IN_ANY_FORM
    for query in re.findall(r'href="\?([^"]*)"', text):
        yield "GET", url, set(parse_qs(unescape(query), keep_blank_values=True))


def test_each_form_and_filter_of_the_pages_is_typed_into(anna: Mailbox) -> None:
    known = {"POST": FORMS | WITH_A_FACTOR, "GET": PAGES}
    fields = {
        (method, resolve(url).route): set(names)
        for method, forms in known.items()
        for url, names in forms.items()
    }
    missing = set()
    for client in (sign_in_each_role()["superuser"], Client()):
        for path in paths():
            with undone():
                page = copied(client).get(place(path))
            for method, url, names in forms_shown(page, place(path)):
                route = resolve(url).route
                unknown = names - fields.get((method, route), set())
                missing |= {(method, route, name) for name in unknown}
                if (method, route) not in fields:
                    missing.add((method, route, ""))
    assert missing == set()


def test_each_option_of_the_commands_is_typed_into() -> None:
    folder = Path(commands.__file__ or "").parent
    names = {path.stem for path in folder.glob("*.py")} - {
        "__init__",
        "flush",
        "migrate",
    }  # Django's
    assert names == set(COMMANDS)
    inherited = {action.dest for action in MailCommand().create_parser("", "")._actions}
    for name in names:
        parser = load_command_class("mailboxes", name).create_parser("", name)
        own = [action for action in parser._actions if action.dest not in inherited]
        with_text = {action.option_strings[0] for action in own if action.option_strings
                     and action.nargs != 0}  # fmt: skip
        assert with_text == set(COMMANDS[name]), name
        assert (name in WITH_A_NAME) == any(not action.option_strings for action in own), name


def test_a_form_answers_and_writes_nothing_when_it_refuses(boss: Client) -> None:
    boss.raise_request_exception = False
    before = mail_rows()

    def type_into(url: str, names: list[str]) -> None:
        @BRIEF
        @given(values=st.lists(TEXT, min_size=len(names), max_size=len(names)))
        def run(values: list[str]) -> None:
            note(url)
            with undone():
                answer = copied(boss).post(url, typed(names, values))
                assert answer.status_code < 500, answer.status_code
                if answer.status_code not in (302, 200) or b"Nothing was saved" in b"".join(answer):
                    assert mail_rows() == before
                assert_consistent()

        run()

    for url, names in FORMS.items():
        type_into(url, names)


@pytest.mark.finding("error-text")
@pytest.mark.finding("stored-html")
def test_no_page_shows_what_was_typed_as_html(boss: Client) -> None:
    for method, forms in (("post", FORMS), ("get", PAGES)):
        for url, names in forms.items():
            with undone():
                client = copied(boss)
                page = getattr(client, method)(url, dict.fromkeys(names, SCRIPT), follow=True)
            assert SCRIPT not in b"".join(page).decode(), url


@pytest.mark.parametrize("url", WITH_A_FACTOR)
def test_forms_of_second_factors_answer_whatever_is_typed(
    tables: None, steady_clock: None, url: str
) -> None:
    names = WITH_A_FACTOR[url]
    vera = person("vera")
    vera.add_app()
    key = Authenticator.objects.get().pk
    vera.sign_in()
    if "login" not in url:
        vera.client.post("/admin/login/code/", {"code": vera.code()})
    vera.client.raise_request_exception = False

    @BRIEF
    @given(values=st.lists(TEXT | st.sampled_from(MALFORMED), min_size=2, max_size=2))
    def run(values: list[str]) -> None:
        data = typed(names, values[: len(names)])
        with transaction.atomic("default"):
            client = copied(vera.client)
            answer = client.post(url.replace("1", str(key)), data)
            assert answer.status_code in (200, 302, 429)
            assert "login" not in answer.get("Location", "")
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

    @BRIEF
    @given(shown=TEXT)
    def run(shown: str) -> None:
        page = rita.post(url, form | typed(["shown"], [shown]))
        assert "This page is out of date" in page.content.decode()
        assert mail_rows() == before

    run()


@pytest.mark.parametrize("url", PAGES)
def test_a_page_answers_any_query_and_writes_nothing(rita: Client, anna: Mailbox, url: str) -> None:
    rita.raise_request_exception = False
    before = mail_rows()

    @BRIEF
    @given(values=st.lists(TEXT, min_size=len(PAGES[url]), max_size=len(PAGES[url])))
    def run(values: list[str]) -> None:
        data = {
            name: text.encode("utf-8", "replace").decode()
            for name, text in zip(PAGES[url], values, strict=True)
        }
        answer = rita.get(url, data)
        assert answer.status_code < 500
        b"".join(answer)
        assert mail_rows() == before

    run()


# The two of backups have transactions of their own, and tests in tests/backup.
@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"backup", "restore"}))
def test_a_command_succeeds_or_explains_in_a_sentence_why_not(
    domain: Domain, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    @QUIET
    @example(first="new@example.org", values=[None] * 6)
    @example(first="\ud800", values=[None] * 6)
    @given(first=TEXT, values=st.lists(st.none() | TEXT, min_size=6, max_size=6))
    def run(first: str, values: list[str | None]) -> None:
        first = as_argument(first)
        texts = (text if text is None else as_argument(text) for text in values)
        options = [
            f"{name}={tmp_path}/{text.replace('/', '')}" if name in NEW_PATHS else f"{name}={text}"
            for name, text in zip(COMMANDS[command], texts, strict=False)
            if text is not None
        ]
        if command == "exportmailboxes":
            first = first.replace("/", "")
        positional = [first] if command in WITH_A_NAME else []
        extra = ["--password-stdin"] if command == "createmailbox" else []
        password = (values[-1] or PASSWORD).encode("utf-8", "surrogatepass")
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(password)))
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
