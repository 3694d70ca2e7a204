"""The dashboard counts what is there, and reports problems to those who may see them."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from mailboxes import actions, queries
from mailboxes.addresses import Address, DomainName
from mailboxes.admin import attention_filters
from mailboxes.audit.log import log_event
from mailboxes.audit.models import Entry
from mailboxes.conf import mail_host
from mailboxes.deployment.models import LastExamination
from mailboxes.doctor.finding import Hop, HopResult, broken, warning, working, worst
from mailboxes.doctor.report import as_values
from mailboxes.forwarding import findings
from mailboxes.models import Alias, Domain, Mailbox, Usage
from mailboxes.queries import capped_count
from mailboxes.views import notices
from mailboxes.views.dashboard import MAX_CHANGES
from tests.admin.conftest import shown, signed_in
from tests.conftest import PASSWORD, TESTER, forget_lookups
from tests.hashes import SHA512_CRYPT

URL = "/admin/"
MAILBOX = "/admin/mailboxes/mailbox/"
BASE = Path(configured.BASE_DIR)
SPRITE = (BASE / "static/mailadmin/icons.svg").read_text()


def counts(page: str) -> dict[str, str]:
    """Return each count on the page by the URL that it links to."""
    found = re.findall(r'<li><a href="([^"]+)"><span>.*?</span><strong>(.*?)</strong>', page)
    return dict(found)


def test_counts_link_to_the_lists_that_they_count(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["anna@example.org"])
    actions.set_active(TESTER, bob, False)
    found = counts(rita.get(URL).content.decode())
    assert found == {
        "/admin/mailboxes/domain/": "1",
        "/admin/mailboxes/mailbox/": "2",
        "/admin/mailboxes/alias/": "1",
        "/admin/mailboxes/mailbox/?active__exact=0": "1",
    }
    for url, number in found.items():
        assert rita.get(url).context["cl"].result_count == int(number)


def test_a_backup_that_is_old_is_a_notice(rita: Client, domain: Domain) -> None:
    sentence = "The last backup was made 4\N{NO-BREAK SPACE}days ago."
    assert "last backup" not in rita.get(URL).content.decode()  # it may be backed up otherwise
    log_event(TESTER, "panel.backup")
    assert "last backup" not in rita.get(URL).content.decode()
    Entry.objects.filter(action="panel.backup").update(at=timezone.now() - timedelta(days=4))
    page = rita.get(URL).content.decode()
    assert sentence in page and "systemctl status mailadmin-backup.timer" in page
    assert "last backup" not in signed_in("helpdesk", "example.org").get(URL).content.decode()


@pytest.mark.parametrize(("limit", "text"), [(1, "more than 1"), (2, "2"), (3, "2")])
def test_an_expensive_count_is_capped(anna: Mailbox, bob: Mailbox, limit: int, text: str) -> None:
    assert str(capped_count(Mailbox.objects.all(), limit)) == text


def test_an_empty_panel_names_the_next_step(rita: Client) -> None:
    page = rita.get(URL).content.decode()
    assert "no domains yet" not in page and "/admin/mailboxes/domain/add/" in page
    rita.post("/admin/first-steps/", {"step": "finished"})
    page = rita.get(URL).content.decode()
    assert "There are no domains yet." in page and "/admin/mailboxes/domain/add/" in page


def test_a_weak_scheme_is_reported(rita: Client, mail_file: None, settings: Settings) -> None:
    assert "stored as CRAM-MD5, which is weak" in rita.get(URL).content.decode()
    settings.MAIL_PASSWORD_SCHEME = "ARGON2ID"
    page = rita.get(URL).content.decode()
    assert "which is weak" not in page and "Everything looks good" in page


def test_weak_hashes_are_counted_until_the_last_is_replaced(
    rita: Client, mail_file: None, settings: Settings, anna: Mailbox, bob: Mailbox
) -> None:
    assert "weak hash" not in rita.get(URL).content.decode()
    settings.MAIL_PASSWORD_SCHEME = "ARGON2ID"
    actions.change_password(TESTER, bob, PASSWORD, mail_host().scheme)
    page = rita.get(URL).content.decode()
    assert (
        "1 password is still stored with a weak hash" in page and "anna@example.org</span>" in page
    )
    assert shown(rita.get(f"{MAILBOX}?attention=weak")) == [anna.pk]
    actions.change_password(TESTER, anna, PASSWORD, mail_host().scheme)
    assert "weak hash" not in rita.get(URL).content.decode()
    assert shown(rita.get(f"{MAILBOX}?attention=weak")) == []


@pytest.mark.finding("salts")
@pytest.mark.finding("constant-salt")
def test_hashes_with_a_known_salt_are_counted_as_weak(
    rita: Client, mail_file: None, settings: Settings, anna: Mailbox, bob: Mailbox
) -> None:
    settings.MAIL_PASSWORD_SCHEME = "SHA512-CRYPT"
    good = "{SHA512-CRYPT}" + SHA512_CRYPT
    Mailbox.objects.update(password=good)
    assert "weak hash" not in rita.get(URL).content.decode()
    Mailbox.objects.filter(pk=anna.pk).update(password=good.replace("abcdefgh", ""))
    assert "1 password is still stored with a weak hash" in rita.get(URL).content.decode()
    assert shown(rita.get(f"{MAILBOX}?attention=weak")) == [anna.pk]


def test_nearly_full_mailboxes_are_counted_and_the_worst_named(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    Mailbox.objects.update(quota=1000)
    assert "Nearly full" not in rita.get(URL).content.decode()
    assert "nearly full" not in rita.get(MAILBOX).content.decode()
    Usage.objects.create(username=anna.pk, bytes=930)
    Usage.objects.create(username=bob.pk, bytes=899)
    page = rita.get(URL).content.decode()
    assert counts(page)[f"{MAILBOX}?attention=full"] == "1"
    assert re.search(r">anna@example.org</a> <strong>93%</strong>", page)
    full = page.partition('id="full"')[2].partition("</section>")[0]
    assert "anna@example.org" in full and "bob@example.org" not in full
    assert shown(rita.get(f"{MAILBOX}?attention=full")) == [anna.pk]
    other = signed_in("domain", "example.org").get(URL).content.decode()
    assert counts(other)[f"{MAILBOX}?attention=full"] == "1"


def test_filters_that_read_every_row_say_so_if_chosen_in_large_adopted_tables(
    rita: Client, mail_file: None, anna: Mailbox, bob: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    Usage.objects.create(username=anna.pk, bytes=1)
    assert "attention=weak" in rita.get(MAILBOX).content.decode()
    monkeypatch.setattr(queries, "MAX_ROWS", 1)
    assert "attention=weak" in rita.get(MAILBOX).content.decode()
    forget_lookups()
    page = rita.get(f"{MAILBOX}?attention=full")
    assert shown(page) == [] and "Not available for this many mailboxes" in page.content.decode()
    monkeypatch.setattr(attention_filters, "capped_count", None)  # not even counted
    page = rita.get(MAILBOX)
    assert shown(page) == [anna.pk, bob.pk] and "attention=weak" in page.content.decode()
    assert "Not available for this many mailboxes" not in page.content.decode()


@pytest.mark.parametrize("adopted", [False, True])
def test_of_many_mailboxes_the_dashboard_says_what_was_counted_once_a_day(
    rita: Client, mail_file: None, anna: Mailbox, bob: Mailbox, settings: Settings,
    monkeypatch: pytest.MonkeyPatch, adopted: bool,
) -> None:  # fmt: skip
    if adopted:
        forget_lookups()
    settings.MAIL_PASSWORD_SCHEME = "SHA512-CRYPT"
    Mailbox.objects.update(password="{SHA512-CRYPT}" + SHA512_CRYPT)
    Mailbox.objects.filter(pk=bob.pk).update(password="d" * 32)
    monkeypatch.setattr(notices, "MAX_CHECKED", 1)
    page = rita.get(URL).content.decode()
    assert "(more than 1)" in page and "sign in, because" not in page
    actions.count_figures()
    page = rita.get(URL).content.decode()
    assert "(more than 1)" not in page
    assert re.search(r"Counted on [^:]+: 1 active mailbox can&#x27;t sign in", page)
    weak = "1 password is still stored with a weak hash"
    assert weak in page and bool(re.search(rf"Counted on [^:]+: {weak}", page)) == adopted
    own = signed_in("domain", "example.org").get(URL).content.decode()
    assert "1 active mailbox can&#x27;t sign in" in own
    actions.set_active(TESTER, bob, False)
    actions.count_figures()
    assert "sign in, because" not in rita.get(URL).content.decode()


def test_staff_only_see_problems_in_their_areas(mail_file: None, anna: Mailbox) -> None:
    otto = signed_in("helpdesk", "example.org")
    assert (
        "Nothing needs attention in the areas you have access to." in otto.get(URL).content.decode()
    )
    Mailbox.objects.update(password="$6$nobody$reads")
    page = otto.get(URL).content.decode()
    assert "1 active mailbox can&#x27;t sign in" in page and "configuration" not in page


def test_mailboxes_that_cannot_sign_in_are_counted(
    rita: Client, mail_file: None, anna: Mailbox
) -> None:
    assert "can&#x27;t sign in" not in rita.get(URL).content.decode()
    Mailbox.objects.update(password="$6$nobody$reads")
    page = rita.get(URL).content.decode()
    assert "1 active mailbox can&#x27;t sign in" in page
    assert "/admin/configuration/upgrade/?from=v2/debian13/CRAM-MD5&amp;to=v2" in page


def test_a_disabled_domain_is_reported(rita: Client, domain: Domain) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.set_active(TESTER, domain, False)
    page = rita.get(URL).content.decode()
    assert "1 domain is disabled" in page and "example.org</span>" in page


def test_invalid_settings_are_reported_on_the_page(rita: Client, settings: Settings) -> None:
    settings.MAIL_HOSTNAME = "no host"
    page = rita.get(URL)
    assert page.status_code == 200 and "MAIL_HOSTNAME is" in page.content.decode()


def test_recent_changes_name_the_administrator_and_the_row(rita: Client) -> None:
    rita.post("/admin/mailboxes/domain/add/", domain_form("example.net"))
    page = rita.get(URL).content.decode()
    assert re.search(r'href="/admin/mailboxes/domain/example.net/change/">example.net</a>', page)
    assert "rita, <time datetime=" in page


def domain_form(name: str) -> dict[str, str]:
    numbers = {
        "mailboxes": "0",
        "aliases": "0",
        "maxquota_0": "0",
        "quota_0": "0",
        "delivery": "local",
    }
    return {"domain": name, "active": "on"} | numbers


@pytest.mark.logged_fixtures
def test_a_domain_administrator_sees_nothing_of_other_domains(rita: Client, anna: Mailbox) -> None:
    rita.post("/admin/mailboxes/domain/add/", domain_form("example.net"))
    actions.create_mailbox(TESTER, Address.parse("foreign@example.net"), PASSWORD)
    actions.set_active(TESTER, Domain.objects.get(pk="example.net"), False)
    page = signed_in("domain", "example.org").get(URL).content.decode()
    assert counts(page)[MAILBOX] == "1" and "anna@example.org" in page
    for other in ("example.net", "foreign", "is disabled", "/admin/configuration/", "/admin/log/"):
        assert other not in page


def test_a_domain_administrator_sees_the_latest_changes_not_the_first(anna: Mailbox) -> None:
    for _ in range(5):
        actions.set_active(TESTER, anna, False)
        actions.set_active(TESTER, anna, True)
    shown = signed_in("domain", "example.org").get(URL).context["entries"]
    newest = ["mailbox.enable", "mailbox.disable"] * 5
    assert [one.entry.action for one in shown] == newest[:MAX_CHANGES]


@pytest.mark.logged_fixtures
def test_the_latest_changes_of_all_domains_are_shown_to_the_helpdesk(anna: Mailbox) -> None:
    otto = User(username="otto")
    assignment = actions.RoleAssignment("helpdesk", all_domains=True)
    actions.create_administrator(TESTER, otto, PASSWORD, assignment)
    client = Client()
    client.force_login(otto)
    assert "anna@example.org" in client.get(URL).content.decode()


def test_the_latest_changes_of_many_domains_are_found(rita: Client, anna: Mailbox) -> None:
    names = [f"d{number}.example" for number in range(30)]
    for name in names:
        actions.create_domain(TESTER, DomainName.parse(name))
    actions.set_active(TESTER, anna, False)
    page = signed_in("domain", "example.org", *names).get(URL).content.decode()
    assert "anna@example.org" in page and "d29.example" in page


@pytest.mark.parametrize(
    ("url", "current"),
    [
        ("/admin/", "/admin/"),
        ("/admin/mailboxes/mailbox/add/", "/admin/mailboxes/mailbox/"),
        ("/admin/configuration/", "/admin/configuration/"),
        ("/admin/configuration/upgrade/", "/admin/configuration/upgrade/"),
        ("/admin/auth/user/", "/admin/auth/user/"),
    ],
)
def test_the_navigation_marks_the_current_page(
    rita: Client, mail_file: None, url: str, current: str
) -> None:
    page = rita.get(url).content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page) == [current]


def test_every_navigation_link_opens(rita: Client, mail_file: None) -> None:
    page = rita.get(URL).content.decode()
    menu = page[page.index("<aside") : page.index("</aside>")]
    places = re.findall(r'<a [^>]*href="(/[^"]*)"', menu)
    assert len(places) > 9
    assert {rita.get(place).status_code for place in places} == {200}


def test_the_chosen_language_is_kept(client: Client, tables: None) -> None:
    answer = client.post("/language/", {"language": "de", "next": "/password/"})
    assert answer["Location"] == "/password/"
    assert '<html lang="de">' in client.get("/password/").content.decode()


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    found = [
        (source.name, name)
        for source in (*(BASE / "templates").rglob("*.html"), *(BASE / "mailboxes").rglob("*.py"))
        for name in re.findall(r"""(?:\bicon "|\bicon\(")([a-z0-9-]+)""", source.read_text())
    ]
    assert len(found) > 50
    assert [one for one in found if f'<symbol id="{one[1]}"' not in SPRITE] == []


def test_every_icon_in_the_sprite_is_used() -> None:
    files = (*(BASE / "templates").rglob("*.html"), *(BASE / "mailboxes").rglob("*.py"))
    source = "".join(file.read_text() for file in files)
    unused = [
        name
        for name in re.findall(r'<symbol id="([a-z0-9-]+)"', SPRITE)
        if f'"{name}"' not in source
    ]
    assert unused == []


def test_loops_and_dead_targets_are_reported_with_the_list_of_them(
    rita: Client, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {"a": "b", "b": "a", "dead": "gone", "fine": "anna"}
    for name, goto in rows.items():
        Alias.objects.create(
            address=f"{name}@example.org", goto=f"{goto}@example.org", domain_id="example.org"
        )
    page = unescape(rita.get(URL).content.decode())
    assert "Mail to 2 aliases is deferred" in page
    assert "1 alias forwards to addresses that don't exist or are disabled." in page
    for attention, number in (("deferred", 2), ("dead", 1)):
        url = f"/admin/mailboxes/alias/?kind=all&attention={attention}"
        assert url in page and rita.get(url).context["cl"].result_count == number
    monkeypatch.setattr(findings, "MAX_ALIASES", 4)
    page = unescape(rita.get(URL).content.decode())
    assert "run: manage.py checkaliases" in page and "is deferred" not in page
    page = signed_in("domain", "example.org").get(URL).content.decode()
    assert "Ask a superuser to check them." in page and "manage.py" not in page


def remember(*results: HopResult, by_timer: bool = False) -> None:
    verdict = worst(result.state for result in results)
    found = LastExamination(machine="mail.example.test", verdict=verdict, hops=as_values(results))
    actions.remember_examination(TESTER, found, by_timer)


DATABASE = HopResult(Hop("database", "Database"), [working("database", "Fine.")])
PAM = HopResult(Hop("pam", "PAM"), [broken("pam.file", "It is missing.")])
CERTIFICATE = HopResult(Hop("ports", "Ports"), [warning("ports.587.expires", "It ends soon.")])


def test_what_the_doctor_found_is_shown_to_superusers_only(
    rita: Client, mail_file: None, domain: Domain
) -> None:
    assert "doctor found" not in shown_text(rita)
    remember(DATABASE, PAM)
    page = shown_text(rita)
    assert "The doctor found something broken on mail.example.test (now): PAM What to do" in page
    assert "1 part is broken" in page
    otto = shown_text(signed_in("helpdesk", "example.org"))
    assert "doctor" not in otto and "is broken" not in otto
    remember(DATABASE, CERTIFICATE)
    page = shown_text(rita)
    assert "The doctor has a warning about mail.example.test (now): Postfix: ports" in page
    remember(DATABASE)
    page = shown_text(rita)
    assert "The doctor found everything working on mail.example.test now." in page
    assert "What to do" not in page and "is broken" not in page


@pytest.mark.parametrize("hops", [[{"code": "pam"}], [1], {"a": 1}])
def test_a_result_of_another_version_of_the_panel_is_ignored(
    rita: Client, mail_file: None, hops: object
) -> None:
    remember(DATABASE, PAM)
    LastExamination.objects.update(hops=hops)
    assert "something broken" not in shown_text(rita)


def test_a_timer_that_has_stopped_is_reported(rita: Client, mail_file: None) -> None:
    remember(DATABASE, by_timer=True)
    assert "The doctor's timer" not in shown_text(rita)
    then = timezone.now() - timedelta(hours=3)
    LastExamination.objects.update(examined=then, reported=then)
    page = shown_text(rita)
    assert "The doctor's timer last reported 3 hours ago. Check that it runs: systemctl" in page


def shown_text(client: Client) -> str:
    """Return the dashboard's text without markup."""
    text = re.sub(r"<[^>]*>", " ", client.get(URL).content.decode())
    return re.sub(r"\s+([.:]?)", r" \1", unescape(text)).replace(" .", ".")
