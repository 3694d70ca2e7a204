import csv
import re
from html import unescape
from operator import attrgetter
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailboxes import actions, queries
from mailboxes.addresses import Address, CatchAll, DomainName
from mailboxes.admin import bulk_actions
from mailboxes.admin.csv_download import csv_lines
from mailboxes.models import Alias, Domain, LastLogin, Mailbox, Usage
from tests.conftest import PASSWORD

MAILBOX = "/admin/mailboxes/mailbox/"
ALIAS = "/admin/mailboxes/alias/"
DOMAIN = "/admin/mailboxes/domain/"


@pytest.fixture
def many(domain: Domain) -> list[str]:
    """The addresses of 120 mailboxes, in their order."""
    names = [f"box{number:03}@example.org" for number in range(120)]
    Mailbox.objects.bulk_create(
        Mailbox(username=name, domain=domain, local_part=name[:6], maildir=name, password="x")
        for name in names
    )
    return names


def shown(page: Any) -> list[str]:
    return [row.pk for row in page.context["cl"].result_list]


def link(page: Any, relation: str) -> str:
    found = re.search(rf'rel="{relation}" href="([^"]+)"', page.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


def test_pages_follow_each_other_by_key_and_lead_back(rita: Client, many: list[str]) -> None:
    first = rita.get(MAILBOX)
    assert shown(first) == many[:50] and link(first, "prev") == ""
    second = rita.get(MAILBOX + link(first, "next"))
    third = rita.get(MAILBOX + link(second, "next"))
    assert shown(second) + shown(third) == many[50:] and link(third, "next") == ""
    assert shown(rita.get(MAILBOX + link(third, "prev"))) == many[50:100]
    assert shown(rita.get(MAILBOX + link(second, "prev"))) == many[:50]


def test_a_filter_or_a_search_begins_with_its_first_page(rita: Client, many: list[str]) -> None:
    page = rita.get(f"{MAILBOX}?after={many[60]}&q=box").content.decode()
    assert shown(rita.get(f"{MAILBOX}?after={many[60]}&q=box"))[0] == many[61]
    for link in re.findall(r'href="(\?[^"]*active__exact=[^"]*)"', page):
        assert "after=" not in link and "q=box" in link


def test_domains_are_searched_and_filtered_as_people_write_them(rita: Client) -> None:
    for name in ("müller.example", "example.org", "example.org.uk"):
        actions.create_domain(DomainName.parse(name))
        actions.create_mailbox(Address.parse(f"anna@{name}"), PASSWORD)
    mine = ["anna@xn--mller-kva.example"]
    for asked in ("?q=müller.example", "?q=anna@müller.example", "?domain=müller.example"):
        assert shown(rita.get(MAILBOX + asked)) == mine, asked
    assert shown(rita.get(f"{DOMAIN}?q=müller.example")) == ["xn--mller-kva.example"]
    assert "müller.example</span>" in rita.get(DOMAIN).content.decode()
    assert "anna@müller.example" in rita.get(MAILBOX).content.decode()
    assert shown(rita.get(f"{MAILBOX}?q=@example.org")) == ["anna@example.org"]
    assert len(shown(rita.get(f"{MAILBOX}?q=@example.or"))) == 2


@pytest.mark.parametrize("asked", ["domain=gone.example", "kind=x", "attention=x", "domain=%20"])
def test_a_filter_says_what_it_was_asked_for(rita: Client, anna: Mailbox, asked: str) -> None:
    page = rita.get(f"{ALIAS if 'kind' in asked else MAILBOX}?{asked}").content.decode()
    summaries = re.findall(r"<details class=\"filter\".*?</details>", page, re.S)
    assert all("<summary" in part for part in summaries) and len(summaries) == 3


def test_links_to_other_pages_keep_search_and_filters(rita: Client, many: list[str]) -> None:
    page = rita.get(f"{MAILBOX}?q=box&active__exact=1")
    assert shown(rita.get(MAILBOX + link(page, "next"))) == many[50:100]
    assert "q=box" in link(page, "next") and "active__exact=1" in link(page, "next")


def test_a_page_whose_rows_are_gone_begins_anew(rita: Client, many: list[str]) -> None:
    assert shown(rita.get(f"{MAILBOX}?after=zzz")) == many[:50]
    assert shown(rita.get(f"{MAILBOX}?before=a")) == many[:50]


def test_no_page_is_found_by_counting_rows(rita: Client, many: list[str]) -> None:
    with CaptureQueriesContext(connections["mail"]) as asked:
        rita.get(f"{MAILBOX}?after={many[60]}")
    statements = [query["sql"] for query in asked]
    assert not [text for text in statements if "OFFSET" in text]
    assert all("LIMIT" in text for text in statements if "COUNT(*)" in text)


def test_more_rows_are_not_counted_than_are_said(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.capped_count, "__defaults__", (100,))
    page = rita.get(MAILBOX).content.decode()
    assert "more than 100 mailboxes" in page and "Select all mailboxes on all pages" in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("anna", ["anna@example.org"]),
        ("ANNA@", ["anna@example.org"]),
        ("anna@example.org", ["anna@example.org"]),
        (" anna ", ["anna@example.org"]),
        ("@example.org", ["anna@example.org", "bob@example.org"]),
        ("@exam", ["anna@example.org", "bob@example.org", "joanna@example.net"]),
        ("example.net", ["joanna@example.net"]),
        ("Berg", ["anna@example.org"]),
        ("Gül", ["joanna@example.net"]),
        ("oann", ["joanna@example.net"]),
        ("a%a", []),
        ("an_a", []),
        ("@", ["anna@example.org", "bob@example.org", "joanna@example.net"]),
        ("日本", []),
    ],
)
def test_a_search_finds_what_one_means(
    rita: Client, anna: Mailbox, bob: Mailbox, asked: str, found: list[str]
) -> None:
    actions.create_domain(DomainName.parse("example.net"))
    actions.create_mailbox(Address.parse("joanna@example.net"), PASSWORD, name="Joanna Gül")
    assert shown(rita.get(MAILBOX, {"q": asked})) == found


def test_a_search_goes_inside_addresses_where_it_is_asked_to(rita: Client, anna: Mailbox) -> None:
    actions.create_mailbox(Address.parse("joanna@example.org"), PASSWORD)
    page = rita.get(f"{MAILBOX}?q=anna")
    assert shown(page) == ["anna@example.org"]
    assert "Search within addresses and names as well" in page.content.decode()
    assert shown(rita.get(f"{MAILBOX}?q=anna&inside=1")) == [
        "anna@example.org",
        "joanna@example.org",
    ]


def test_aliases_and_domains_are_searched_alike(rita: Client, anna: Mailbox) -> None:
    actions.create_alias(Address.parse("info@example.org"), ["somebody@example.edu"])
    actions.create_domain(DomainName.parse("example.net"), description="A shop")
    actions.create_alias_domain("example.net", "example.org")
    for url, asked in (
        (ALIAS, "info@"),
        (ALIAS, "@example.org"),
        (ALIAS, "example.edu"),
        (DOMAIN, "shop"),
        (DOMAIN, "@example.net"),
        ("/admin/mailboxes/aliasdomain/", "example.org"),
    ):
        assert len(shown(rita.get(url, {"q": asked}))) == 1, asked


def test_each_checkbox_says_what_it_selects(rita: Client, anna: Mailbox) -> None:
    page = rita.get(MAILBOX).content.decode()
    assert 'aria-label="Select anna@example.org"' in page and "Select this object" not in page


def test_nothing_yet_and_nothing_matches_are_two_texts(rita: Client) -> None:
    assert "No mailboxes yet" in rita.get(MAILBOX).content.decode()
    assert "No matching mailboxes" in rita.get(f"{MAILBOX}?q=x").content.decode()
    assert "No matching mailboxes" in rita.get(f"{MAILBOX}?active__exact=0").content.decode()


def test_usage_is_said_in_words_and_shown_as_a_bar(rita: Client, anna: Mailbox) -> None:
    actions.set_quota(anna, 2**30)
    assert "1 GiB</td>" in rita.get(MAILBOX).content.decode()
    for used, words, tone in (
        (2**29, "512 MiB of 1 GiB, 50 %", "good"),
        (983 * 2**20, 'Nearly full:</strong> <span class="nowrap">983 MiB of 1 GiB, 95 %', "warn"),
        (2**31, 'Full:</strong> <span class="nowrap">2 GiB of 1 GiB, 200 %', "bad"),
    ):
        Usage.objects.update_or_create(pk=anna.pk, defaults={"bytes": used})
        page = rita.get(MAILBOX).content.decode()
        assert words in page and f'class="bar {tone}"' in page
    actions.set_quota(anna, 0)
    assert "2 GiB, no limit" in rita.get(MAILBOX).content.decode()


def test_the_last_sign_in_is_shown_where_somebody_writes_it_down(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    assert "Last sign-in" not in rita.get(MAILBOX).content.decode()
    LastLogin.objects.create(username=anna.pk, domain="example.org", last_login=1_790_000_000)
    page = rita.get(MAILBOX).content.decode()
    assert 'datetime="2026-09-21T' in page and " UTC</time>" in page and "Never" in page


def test_a_disabled_domain_shows_at_its_mailboxes(rita: Client, anna: Mailbox) -> None:
    assert "Domain disabled" not in rita.get(MAILBOX).content.decode()
    actions.set_active(Domain.objects.get(), False)
    assert "Domain disabled" in rita.get(MAILBOX).content.decode()


def test_a_domain_says_how_many_of_how_many_it_has(rita: Client, anna: Mailbox) -> None:
    domain = Domain.objects.get()
    domain.mailboxes, domain.aliases, domain.maxquota, domain.quota = 1, 0, 1024, 10240
    actions.change_domain(domain)
    page = rita.get(DOMAIN).content.decode()
    assert '?domain=example.org">1</a> of 1' in page and "full" in page
    assert "9.8 GiB in total, at most 1000 MiB each" in page


@pytest.mark.parametrize("url", [MAILBOX, DOMAIN, f"{ALIAS}?kind=all"])
def test_a_list_of_fifty_asks_no_more_than_a_list_of_one(
    rita: Client, anna: Mailbox, url: str
) -> None:
    def number() -> int:
        with CaptureQueriesContext(connections["mail"]) as asked:
            assert shown(rita.get(url))
        return len(asked)

    few = number()
    for name in range(60):
        actions.create_domain(DomainName.parse(f"d{name}.example"))
    for row in Domain.objects.exclude(pk="example.org"):
        Mailbox.objects.create(username=f"x@{row}", domain=row, password="x")
        Alias.objects.create(address=f"x@{row}", domain=row, goto=f"x@{row}")
    assert number() <= few + 1  # the suggestions of the filter


def post(client: Client, url: str, action: str, rows: list[str], **more: str) -> Any:
    data = {"action": action, "_selected_action": rows, "index": "0"} | more
    return client.post(url, data, follow=True)


@pytest.mark.parametrize("action", ["enable", "disable", "set_quota", "delete_selected"])
def test_the_count_is_said_before_anything_is_done(
    rita: Client, anna: Mailbox, bob: Mailbox, action: str
) -> None:
    actions.set_active(bob, False)
    before = list(Mailbox.objects.values())
    page = post(rita, MAILBOX, action, [anna.pk, bob.pk]).content.decode()
    assert re.search(r"<h1>[^<]* 2 mailboxes\?</h1>", page)
    assert anna.pk in page and bob.pk in page
    assert list(Mailbox.objects.values()) == before


def test_disabling_is_undone_from_the_message_that_it_leaves(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    page = post(rita, MAILBOX, "disable", [anna.pk, bob.pk], post="yes").content.decode()
    assert "Disabled 2 mailboxes." in page and not Mailbox.objects.filter(active=True)
    form = page[page.index("Disabled 2 mailboxes.") :].partition("</form>")[0]
    names = re.findall(r'name="_selected_action" value="([^"]+)"', form)
    assert "Undo" in form and "csrfmiddlewaretoken" in form
    post(rita, MAILBOX, "enable", names, post="yes")
    assert Mailbox.objects.filter(active=True).count() == 2


def test_a_quota_is_set_for_many_and_refused_for_each(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    chosen = [anna.pk, bob.pk]
    page = post(rita, MAILBOX, "set_quota", chosen, post="yes", quota_0="much").content.decode()
    assert "is not a size" in page and not Mailbox.objects.exclude(quota=0)
    domain = Domain.objects.get()
    domain.quota = 1024
    actions.change_domain(domain)
    page = post(rita, MAILBOX, "set_quota", chosen, post="yes", quota_0="600M").content.decode()
    assert "1 of 2 done." in page and "1 failed" in page
    assert "bob@example.org: example.org has 400 MiB left" in page
    assert [row.quota for row in Mailbox.objects.all()] == [600 * 2**20, 0]


def hidden(page: Any) -> dict[str, list[str]]:
    """Return what the form of a page would send by itself."""
    form = page.content.decode().partition('<form method="post" class="card"')[2]
    form = form.partition("</form>")[0]
    found: dict[str, list[str]] = {"quota_1": [""]}
    for name, value in re.findall(r'type="(?:hidden|text)" name="(\w+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(unescape(value))
    if refused := re.search(r'<textarea name="refused" hidden>\n(.*?)</textarea>', form, re.S):
        found["refused"] = [unescape(refused[1])]
    return found


def test_many_rows_are_changed_by_the_hundred_and_each_refusal_is_reported(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "BATCH", 50)
    Domain.objects.update(quota=70)
    url, chosen = f"{MAILBOX}?q=box", {"select_across": "1", "quota_0": "1024000", "quota_1": ""}
    page = post(rita, url, "set_quota", [], post="yes", count="120", **chosen)
    assert "50 of 120 done." in page.content.decode() and "data-autosubmit" in str(page.content)
    assert Mailbox.objects.filter(quota__gt=0).count() == 50
    page = rita.post(url, hidden(page), follow=True)
    said = page.content.decode()
    assert "70 of 120 done." in said and "30 failed" in said and "Stop here" in said
    page = rita.post(url, hidden(page), follow=True)
    said = page.content.decode()
    assert "70 of 120 done." in said and "50 failed" in said
    assert "data-autosubmit" not in said and "Back to the list" in said
    for name in many[70:]:
        assert f"<li>{name}: example.org has" in said
    assert Mailbox.objects.filter(quota__gt=0).count() == LogEntry.objects.count() == 70
    told = rita.get("/admin/mailboxes/mailbox/box000_40example.org/history/").content.decode()
    assert re.search(r"Quota</strong>: no limit .*?</span> 1000 KiB", told)


def test_whoever_stops_is_told_what_was_done(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "BATCH", 50)
    first = post(rita, MAILBOX, "disable", [], post="yes", select_across="1", count="120")
    page = rita.post(MAILBOX, hidden(first) | {"stop": ["1"]}, follow=True).content.decode()
    assert "Disabled 50 mailboxes." in page
    assert Mailbox.objects.filter(active=True).count() == 70
    told = rita.get("/admin/mailboxes/mailbox/box000_40example.org/history/").content.decode()
    assert re.search(r"Active</strong>: yes .*?</span> no", told)


@pytest.mark.parametrize(("number", "more"), [(100, False), (101, True)])
def test_what_fits_into_one_request_is_told_at_once_with_its_undo(
    rita: Client, many: list[str], number: int, more: bool
) -> None:
    sent = {"post": "yes", "count": str(number)}
    page = post(rita, MAILBOX, "disable", many[:number], **sent).content.decode()
    assert ("100 of 101 done." in page, "Undo" in page) == (more, not more)


@pytest.mark.parametrize("forged", ["-1", "x", "9" * 30, "٣"])
def test_numbers_that_the_page_did_not_send_harm_nothing(
    rita: Client, anna: Mailbox, forged: str
) -> None:
    numbers = dict.fromkeys(("done", "failed", "count"), forged)
    page = post(rita, MAILBOX, "disable", [anna.pk], post="yes", **numbers).content.decode()
    assert "Disabled 1 mailbox" in page or "1 of " in page or "4 of " in page
    assert not Mailbox.objects.get().active


def test_a_refusal_that_was_sent_along_is_text(rita: Client, anna: Mailbox) -> None:
    sent = {"refused": "<script>alert(1)</script>", "failed": "1"}
    page = post(rita, MAILBOX, "disable", [anna.pk], post="yes", **sent).content.decode()
    assert "&lt;script&gt;" in page and "<script>alert" not in page


def test_all_that_a_search_finds_can_be_changed(rita: Client, many: list[str]) -> None:
    across = {"select_across": "1"}
    page = post(rita, f"{MAILBOX}?q=box", "disable", [], **across).content.decode()
    assert "Disable 120 mailboxes?" in page and "and 100 more" in page
    first = post(rita, f"{MAILBOX}?q=box", "disable", [], post="yes", **across)
    page = rita.post(f"{MAILBOX}?q=box", hidden(first), follow=True).content.decode()
    assert "Disabled 120 mailboxes." in page and not Mailbox.objects.filter(active=True)


def test_more_rows_than_one_request_can_change_are_refused(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_ROWS", 100)
    page = post(rita, MAILBOX, "disable", [], select_across="1", post="yes").content.decode()
    assert "At most 100 rows can be changed at once" in page
    assert Mailbox.objects.filter(active=True).count() == 120


def test_choosing_nothing_is_said(rita: Client, anna: Mailbox) -> None:
    page = post(rita, MAILBOX, "disable", []).content.decode()
    assert "Items must be selected" in page


def test_deeds_on_many_rows_are_logged(rita: Client, anna: Mailbox, bob: Mailbox) -> None:
    post(rita, MAILBOX, "disable", [anna.pk, bob.pk], post="yes")
    post(rita, MAILBOX, "delete_selected", [bob.pk], post="yes")
    entries = LogEntry.objects.order_by("pk").values_list("object_repr", "action_flag")
    assert list(entries) == [(anna.pk, 2), (bob.pk, 2), (bob.pk, 3)]


def looker(*codes: str) -> Client:
    user = User.objects.create_user("otto", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client = Client()
    client.force_login(user)
    return client


def test_who_may_only_look_is_offered_no_deeds_and_does_none(anna: Mailbox) -> None:
    client = looker("view_mailbox")
    assert 'name="action"' not in client.get(MAILBOX).content.decode()
    post(client, MAILBOX, "disable", [anna.pk], post="yes")
    post(client, MAILBOX, "delete_selected", [anna.pk], post="yes")
    assert Mailbox.objects.get().active


def test_domains_are_not_deleted_in_bulk(rita: Client, anna: Mailbox) -> None:
    post(rita, DOMAIN, "delete_selected", ["example.org"], post="yes")
    assert Domain.objects.exists()


def rows_of(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()))


def test_the_csv_holds_what_the_search_finds(
    rita: Client, anna: Mailbox, bob: Mailbox, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.batches, "__defaults__", (50, attrgetter("pk")))
    Usage.objects.create(username=anna.pk, bytes=7, messages=2)
    answer = rita.get(f"{MAILBOX}csv/?q=anna")
    assert answer["Content-Disposition"].startswith('attachment; filename="mailboxes-')
    head, row = rows_of(answer)
    assert head[:4] == ["address", "name", "active", "quota_bytes"]
    assert row[:7] == [anna.pk, "Anna Berg", "True", "0", "7", "2", ""]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", row[7])
    everything = rows_of(rita.get(f"{MAILBOX}csv/?after={many[70]}"))
    assert [row[0] for row in everything[1:]] == [anna.pk, bob.pk, *many]
    assert LogEntry.objects.filter(object_repr__startswith="mailboxes-").count() == 2


def test_every_list_has_its_csv(rita: Client, anna: Mailbox) -> None:
    actions.create_domain(DomainName.parse("example.net"))
    actions.create_alias_domain("example.net", "example.org")
    for name, first in (
        ("domain", ["example.net", "", "True", "0", "0", "0", "0", "0", "0"]),
        ("alias", ["anna@example.org", "anna@example.org"]),
        ("aliasdomain", ["example.net", "example.org", "True"]),
    ):
        rows = rows_of(rita.get(f"/admin/mailboxes/{name}/csv/?kind=all" if name == "alias" else
                                f"/admin/mailboxes/{name}/csv/"))  # fmt: skip
        assert rows[1][: len(first)] == first


def test_a_spreadsheet_finds_no_formula_in_the_csv(rita: Client, domain: Domain) -> None:
    actions.create_alias(CatchAll("example.org"), ["x@example.edu"])
    assert rows_of(rita.get(f"{ALIAS}csv/"))[1][0] == "'@example.org"
    cells = ["=1+1", "+1a", "-1a", "@x", "\t=1", "\r=1", " =1", "anna@example.org"]
    [_bom, _columns, line] = csv_lines([], [cells])
    assert line == "'=1+1,'+1a,'-1a,'@x,'=1,'=1,'=1,anna@example.org\r\n"


def test_the_csv_needs_the_right_to_look(anna: Mailbox) -> None:
    client = looker("view_alias")
    assert client.get(f"{MAILBOX}csv/").status_code == 403
    assert client.get(f"{ALIAS}csv/").status_code == 200
    assert Client().get(f"{MAILBOX}csv/").status_code == 302
    assert Alias.objects.exists()


def test_a_long_list_of_domains_is_suggested_and_not_listed(rita: Client, anna: Mailbox) -> None:
    assert '?domain=example.org"' in rita.get(MAILBOX).content.decode()
    Domain.objects.bulk_create(Domain(domain=f"d{number}.example") for number in range(60))
    page = rita.get(MAILBOX).content.decode()
    assert page.count("<option") == 50 and '?domain=example.org"' not in page
    assert shown(rita.get(f"{MAILBOX}?domain=example.org")) == [anna.pk]
