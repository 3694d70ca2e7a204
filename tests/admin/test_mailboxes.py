"""Mailboxes in the admin: each refusal beside its field, and no password shown or logged."""

import re
from html import unescape

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.audit.models import Entry, Subject
from mailboxes.models import Alias, Domain, Mailbox
from tests.admin.conftest import MAILBOX, errors, mailbox_form
from tests.conftest import PASSWORD, TESTER


def test_a_mailbox_is_created(rita: Client, domain: Domain) -> None:
    assert rita.post(f"{MAILBOX}add/", mailbox_form()).status_code == 302
    mailbox = Mailbox.objects.get()
    assert mailbox.check_password(PASSWORD) and mailbox.quota == 2**30
    assert Alias.objects.get().goto == "carl@example.org"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"address_0": "a@b@c"}, "not a valid email address"),
        ({"address_0": "anna@example.com"}, "exist here"),
        ({"address_0": "anna@example.org"}, "already taken by a mailbox"),
        ({"quota_0": "much"}, "not a valid size"),
        ({"new_password2": "another"}, "match"),
        ({"new_password1": "short", "new_password2": "short"}, "too short"),
        ({"new_password1": "", "new_password2": ""}, "required"),
        (
            {"new_password1": "carl@example.org", "new_password2": "carl@example.org"},
            "easy to guess",
        ),
    ],
)
def test_an_invalid_mailbox_is_a_form_error(
    rita: Client, anna: Mailbox, fields: dict[str, str], reason: str
) -> None:
    page = rita.post(f"{MAILBOX}add/", mailbox_form(**fields))
    assert reason in errors(page)
    assert Mailbox.objects.count() == 1
    typed = mailbox_form(**fields)["new_password1"]  # it may have been passed on already
    assert not typed or f'name="new_password1" value="{typed}"' in page.content.decode()


@pytest.mark.parametrize("variant", ["v1", "v2"])
def test_it_is_said_that_sessions_go_on_and_how_to_end_them(
    rita: Client, anna: Mailbox, bob: Mailbox, settings: Settings, variant: str
) -> None:
    settings.MAIL_VARIANT = variant
    new, none = (
        {"new_password1": text, "new_password2": text} for text in ("a new good password", "")
    )
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    names = [f"{name}@example.net" for name in ("carl", "dora", "emil", "frida")]
    for name in names:
        actions.create_mailbox(TESTER, Address.parse(name), PASSWORD)
    own, selected = f"{MAILBOX}{anna.pk}/", {"_selected_action": [anna.pk, bob.pk], "post": "1"}
    domain = "/admin/mailboxes/domain/example.org/set-active/"
    for place, posted, command in (
        (f"{own}change/", mailbox_form(active="", **none), "kick anna@example.org"),
        (f"{own}change/", mailbox_form(**none), ""),
        (f"{own}change/", mailbox_form(**new), "kick anna@example.org"),
        (f"{own}password/", {**new, "new_password1": PASSWORD, "new_password2": PASSWORD},
         "kick anna@example.org"),
        (f"{own}set-active/", {"active": "0"}, "kick anna@example.org"),
        (f"{own}set-active/", {"active": "1"}, ""),
        (domain, {"active": "0"}, "kick '*@example.org'"),
        (MAILBOX, {**selected, "action": "disable"},
         "for name in anna@example.org bob@example.org; do doveadm kick \"$name\"; done"),
        (MAILBOX, {**selected, "action": "disable", "_selected_action": names},
         "To end all sessions in example.net, run this on the mail host; mail programs of active "
         "mailboxes sign in again by themselves: doveadm kick '*@example.net'"),
        (f"{own}delete/", {"post": "yes"}, "kick anna@example.org"),
    ):  # fmt: skip
        page = rita.post(place, posted, follow=True)
        said = [str(one) for one in page.context["messages"] if "stay signed in" in str(one)]
        assert [text for text in said if command in text] == said, place
        assert bool(said) == (variant == "v2" and bool(command)), (place, posted)
        what = re.findall(r'<div class="notice( good)?" role="status">', page.content.decode())
        assert what == [" good", ""][: 1 + len(said)], place


def test_the_page_says_with_which_form_of_an_address_mail_programs_sign_in(
    rita: Client, anna: Mailbox
) -> None:
    domain = actions.create_domain(TESTER, DomainName.parse("müller.example"))
    readable = "carl@müller.example"
    mailbox = actions.create_mailbox(TESTER, Address.parse(readable), PASSWORD)
    said = f"Mail programs can only sign in with carl@{domain.pk}."
    assert said in rita.get(f"{MAILBOX}{mailbox.pk}/change/").content.decode()
    assert "Mail programs can only" not in rita.get(f"{MAILBOX}{anna.pk}/change/").content.decode()
    posted = {"address": readable, "current_password": PASSWORD}
    assert Client().post("/password/", posted).url == "/password/kept/"  # type: ignore[attr-defined]


def test_a_mailbox_keeps_its_password_unless_a_new_one_is_given(
    rita: Client, anna: Mailbox
) -> None:
    url = f"{MAILBOX}anna@example.org/change/"
    none = {"new_password1": "", "new_password2": ""}
    assert anna.password not in rita.get(url).content.decode()
    assert rita.post(url, mailbox_form(name="Änne", **none)).status_code == 302
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD) and anna.name == "Änne"
    new = {"new_password1": "a new good password", "new_password2": "a new good password"}
    assert rita.post(url, mailbox_form(**new)).status_code == 302
    anna.refresh_from_db()
    assert anna.check_password("a new good password")
    assert "a new good password" not in str([*Entry.objects.values(), *Subject.objects.values()])


@pytest.mark.parametrize(
    ("quota", "before", "after"), [("0", -1, -1), ("0", 0, 0), ("0", 5, 0), ("1", -1, 2**30)]
)
def test_a_quota_of_minus_1_means_no_limit_and_is_kept(
    rita: Client, anna: Mailbox, quota: str, before: int, after: int
) -> None:
    Mailbox.objects.update(quota=before)
    url = f"{MAILBOX}anna@example.org/change/"
    shown = rita.get(url).content.decode()
    assert 'value="-1"' not in shown
    none = {"new_password1": "", "new_password2": ""}
    form = mailbox_form(name="Änne", quota_0=quota, quota_1="G", **none)
    assert rita.post(url, form).status_code == 302
    anna.refresh_from_db()
    assert (anna.name, anna.quota) == ("Änne", after)


def test_deleting_a_mailbox_lists_what_is_deleted_and_what_is_kept(
    rita: Client, anna: Mailbox
) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["anna@example.org"])
    two = ["anna@example.org", "carl@elsewhere.example"]
    team = actions.create_alias(TESTER, Address.parse("team@example.org"), two)
    page = unescape(rita.get(f"{MAILBOX}anna@example.org/delete/").content.decode())
    assert "its own alias" in page
    assert "The alias info@example.org doesn't forward to anything else; mail to it will" in page
    assert "team@example.org still forwards to anna@example.org as well" in page
    actions.delete_alias(TESTER, team)
    assert "in /var/vmail/example.org/anna." in page
    assert rita.post(f"{MAILBOX}anna@example.org/delete/", {"post": "yes"}).status_code == 302
    assert not Mailbox.objects.exists() and Alias.objects.get().pk == "info@example.org"


def test_an_impossible_address_is_not_found(rita: Client, domain: Domain) -> None:
    assert rita.get(f"{MAILBOX}日本@example.org/change/").status_code == 302


@pytest.mark.parametrize(
    ("limits", "field", "reason"),
    [
        ({"mailboxes": 1}, "address", "has reached its mailbox limit (1)"),
        ({"mailboxes": -1}, "address", "Mailboxes are not allowed in"),
        ({"active": False}, "address", "is disabled. Enable it first"),
        ({"maxquota": 100}, "quota", "must have a quota of at most 97.7 MiB"),
        ({"quota": 100}, "quota", "has 97.7 MiB left"),
    ],
)
def test_a_refusal_is_shown_beside_its_field_with_what_was_entered(
    rita: Client, anna: Mailbox, limits: dict[str, int], field: str, reason: str
) -> None:
    Domain.objects.update(**limits)
    page = rita.post(f"{MAILBOX}add/", mailbox_form())
    assert page.status_code == 200
    assert list(page.context["adminform"].form.errors) == [field] and reason in errors(page)
    text = page.content.decode()
    for value in (
        'name="address_0" value="carl"',
        'value="example.org" selected',
        'name="name" value="Carl"',
        'name="quota_0" value="1"',
        'value="G" selected',
        f'name="new_password1" value="{PASSWORD}"',
        f'name="new_password2" value="{PASSWORD}"',
    ):
        assert value in text, value
    assert Mailbox.objects.get() == anna and Alias.objects.count() == 1
    assert Entry.objects.get(phase="refused").action == "mailbox.create"


def test_a_refused_change_writes_nothing(rita: Client, anna: Mailbox) -> None:
    Domain.objects.update(maxquota=100)
    none = {"new_password1": "", "new_password2": ""}
    page = rita.post(f"{MAILBOX}{anna.pk}/change/", mailbox_form(name="Änne", **none))
    assert "must have a quota of at most" in errors(page)
    text = page.content.decode()
    assert 'value="Änne"' in text and 'name="quota_0" value="1"' in text
    anna.refresh_from_db()
    assert (anna.name, anna.quota) == ("Anna Berg", 0)


@pytest.mark.parametrize(("limits", "number"), [({}, 12), ({"mailboxes": 9, "quota": 9999}, 14)])
def test_creating_a_mailbox_takes_few_queries(
    rita: Client, domain: Domain, limits: dict[str, int], number: int
) -> None:
    Domain.objects.update(**limits)
    with CaptureQueriesContext(connections["mail"]) as captured:
        assert rita.post(f"{MAILBOX}add/", mailbox_form()).status_code == 302
    queries = [query["sql"] for query in captured if "trigger" not in query["sql"].lower()]
    assert len(queries) == number, queries  # besides whether the lookup tables are kept
    of_domains = [query for query in queries if re.search(r"FROM .domain\b", query)]
    assert len(of_domains) == len(set(of_domains)) == 2  # the choices, and the locked row


def test_the_page_of_a_mailbox_asks_once_whether_it_may_be_receive_only(
    rita: Client, anna: Mailbox
) -> None:
    with CaptureQueriesContext(connections["mail"]) as captured:
        assert "Receive-only" in rita.get(f"{MAILBOX}anna@example.org/change/").content.decode()
    assert sum("smtp_active" in query["sql"] for query in captured) == 1


@pytest.mark.parametrize(("megabyte", "unit"), [(1024000, "MB"), (2**20, "MiB")])
def test_a_quota_is_counted_as_the_adopted_database_counts(
    rita: Client, anna: Mailbox, megabyte: int, unit: str
) -> None:
    actions.adopt_database(TESTER, "PostfixAdmin 3.3", "domain/user/", megabyte, "CRAM-MD5")
    url = f"{MAILBOX}anna@example.org/change/"
    fields = {"name": "Anna", "active": "on", "quota_0": "10", "quota_1": "M"}
    assert rita.post(url, fields).status_code == 302
    anna.refresh_from_db()
    assert anna.quota == 10 * megabyte
    page = rita.get(url).content.decode()
    assert 'value="10"' in page and f'<option value="M" selected>{unit}</option>' in page
    assert ("One MB is 1,024,000 bytes, as in PostfixAdmin." in page) == (unit == "MB")
    # Another program has stored what this one wouldn't; only a new quota replaces it.
    Mailbox.objects.update(quota=10485761)
    kept = fields | {"quota_0": "10485761", "quota_1": "", "name": "Änne"}
    assert rita.post(url, kept).status_code == 302
    anna.refresh_from_db()
    assert (anna.name, anna.quota) == ("Änne", 10485761)
    bulk = {"action": "set_quota", "_selected_action": [anna.pk], "post": "yes"}
    rita.post(MAILBOX, bulk | {"quota_0": "2", "quota_1": "G"})
    anna.refresh_from_db()
    assert anna.quota == 2048 * megabyte


def test_disabling_a_mailbox_names_the_aliases_that_lead_nowhere_then(
    rita: Client, anna: Mailbox
) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["anna@example.org"])
    text = "so mail to them is refused: info@example.org."
    selected = {"action": "disable", "_selected_action": [anna.pk]}
    assert text in rita.post(MAILBOX, selected).content.decode()
    url = f"{MAILBOX}{anna.pk}/"
    assert text in rita.post(f"{url}set-active/", follow=True).content.decode()
    assert text not in rita.post(f"{url}set-active/", {"active": "1"}, follow=True).content.decode()
    form = mailbox_form(name="Anna", quota_0="0", new_password1="", new_password2="")
    del form["active"]
    assert text in rita.post(f"{url}change/", form, follow=True).content.decode()


def test_adding_another_keeps_the_domain(rita: Client, domain: Domain) -> None:
    another = {"_addanother": ""}
    answer = rita.post(f"{MAILBOX}add/", mailbox_form() | another)
    assert answer["Location"] == f"{MAILBOX}add/?domain=example.org"
    other = mailbox_form(address_0="dora@example.org") | another
    filtered = rita.post(f"{MAILBOX}add/?_changelist_filters=q%3Dx", other)
    assert filtered["Location"].endswith("?_changelist_filters=q%3Dx&domain=example.org")
    third = mailbox_form(address_0="emil@example.org") | another
    assert rita.post(answer["Location"], third)["Location"] == answer["Location"]
    for url, query in ((answer["Location"], "?domain=example.org"), (f"{MAILBOX}add/", "")):
        last = mailbox_form(address_0=f"{len(query)}@example.org")
        assert rita.post(url, last)["Location"] == f"{MAILBOX}{query}"
    filtered = rita.post(filtered["Location"], mailbox_form(address_0="fritz@example.org"))
    assert filtered["Location"] == f"{MAILBOX}?q=x"


def test_a_single_domain_is_chosen_already(rita: Client, domain: Domain) -> None:
    assert "Choose…" not in rita.get(f"{MAILBOX}add/").content.decode()
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    assert "Choose…" in rita.get(f"{MAILBOX}add/").content.decode()
