"""Bulk actions are confirmed, run in batches, and reported row by row."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import quote_plus

import pytest
from django.contrib.admin.utils import quote
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailboxes import actions, queries
from mailboxes.actions import undoing
from mailboxes.addresses import Address, CatchAll, DomainName
from mailboxes.admin import bulk_actions
from mailboxes.audit import chain, entries
from mailboxes.audit.models import Entry
from mailboxes.forwarding import findings
from mailboxes.handling import DISCARD, sentence_of
from mailboxes.models import Alias, Domain, Mailbox
from tests.admin.conftest import DOMAIN, MAILBOX, signed_in
from tests.conftest import PASSWORD, TESTER, logged


def post(client: Client, url: str, action: str, rows: list[str], **more: str) -> Any:
    data = {"action": action, "_selected_action": rows, "index": "0"} | more
    return client.post(url, data, follow=True)


@pytest.mark.parametrize("action", ["enable", "disable", "set_quota", "delete_selected"])
def test_the_number_of_rows_is_confirmed_first(
    rita: Client, anna: Mailbox, bob: Mailbox, action: str
) -> None:
    actions.set_active(TESTER, bob, False)
    before = list(Mailbox.objects.values())
    page = post(rita, MAILBOX, action, [anna.pk, bob.pk]).content.decode()
    assert re.search(r"<h1>[^<]* 2 mailboxes\?</h1>", page)
    assert anna.pk in page and bob.pk in page
    assert list(Mailbox.objects.values()) == before


def undo_form(page: Any) -> dict[str, str]:
    """Return the hidden fields of the form that takes a change back."""
    form = page.content.decode().partition('action="/admin/log/undo/"')[2].partition("</form>")[0]
    found = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found}


def test_disabling_is_undone_from_its_message_and_leads_back_to_the_filtered_list(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    url = f"{MAILBOX}?domain=example.org"
    page = post(rita, url, "disable", [anna.pk, bob.pk], post="yes")
    assert "Disabled 2 mailboxes." in page.content.decode()
    assert not Mailbox.objects.filter(active=True) and "csrfmiddlewaretoken" in undo_form(page)
    page = rita.post("/admin/log/undo/", undo_form(page), follow=True)
    assert page.redirect_chain[-1][0] == url and "undone: 2 rows." in page.content.decode()
    assert Mailbox.objects.filter(active=True).count() == 2


def test_of_a_change_of_many_only_some_rows_are_counted_in_lists(
    rita: Client, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("bob", "chris", "dora", "emil")
    rows = [actions.create_mailbox(TESTER, Address(one, "example.org"), PASSWORD) for one in names]
    entry = actions.set_active_in_bulk(TESTER, [anna, *rows[:2]], False).entry
    actions.set_active_in_bulk(TESTER, rows[2:], False, entry)
    own = signed_in("domain", "example.org")
    pages = (
        (rita, "/admin/log/", 3, "more"),
        (rita, "/admin/", 1, "others"),
        (own, "/admin/", 1, "others"),
    )
    for client, url, shown, word in pages:
        assert f"and {5 - shown} {word}" in client.get(url).content.decode(), url
    monkeypatch.setattr(entries, "MAX_COUNTED", 4)
    for client, url, shown, word in pages:
        assert f"and at least {5 - shown} {word}" in client.get(url).content.decode(), url
    for client in (rita, own):
        assert client.get(f"/admin/log/{entry}/").context["all"] == 5


def test_deleting_aliases_is_undone_from_its_message(rita: Client, anna: Mailbox) -> None:
    for name in ("team", "info"):
        actions.create_alias(TESTER, Address.parse(f"{name}@example.org"), [anna.pk])
    url = "/admin/mailboxes/alias/?domain=example.org"
    chosen = {"action": "delete_selected", "select_across": "1"}
    assert "This can be undone afterwards" in rita.post(url, chosen).content.decode()
    page = rita.post(url, chosen | {"post": "yes"}, follow=True)
    assert not Alias.objects.exclude(pk=anna.pk).exists()
    page = rita.post("/admin/log/undo/", undo_form(page), follow=True)
    assert page.redirect_chain[-1][0] == url and "undone: 2 rows." in page.content.decode()
    assert set(Alias.objects.values_list("goto", flat=True)) == {anna.pk}
    newest = rita.get("/admin/log/?action=alias.delete").context["entries"][0]
    assert "csrfmiddlewaretoken" in undo_form(rita.get(f"/admin/log/{newest.entry.pk}/"))
    filters = f"?_changelist_filters={quote_plus('domain=example.org')}"
    one = f"/admin/mailboxes/alias/team@example.org/delete/{filters}"
    page = rita.post(one, {"post": "yes"}, follow=True)
    assert page.redirect_chain == [(url, 302)]
    assert not Alias.objects.filter(pk="team@example.org").exists()
    page = rita.post("/admin/log/undo/", undo_form(page), follow=True)
    assert page.redirect_chain[-1][0] == url and "undone: 1 row." in page.content.decode()
    assert Alias.objects.filter(pk="team@example.org").exists()


def test_undoing_names_the_aliases_that_lose_mail_by_it(
    rita: Client, anna: Mailbox, bob: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "CHANGED", 1)
    for name, mailbox in (("team", anna), ("all", bob)):
        actions.set_active(TESTER, mailbox, False)
        Alias.objects.create(
            address=f"{name}@example.org", goto=mailbox.pk, domain_id="example.org"
        )
    page = post(rita, MAILBOX, "enable", [anna.pk, bob.pk], post="yes")
    page = rita.post("/admin/log/undo/", undo_form(page))
    assert "mail to them is refused: all@example.org." in page.content.decode()
    page = rita.post("/admin/log/undo/", hidden(page), follow=True)
    for name in ("team", "all"):
        assert f"mail to them is refused: {name}@example.org." in page.content.decode()


def test_a_change_of_many_is_undone_in_batches_as_it_was_before(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "ROWS_PER_REQUEST", 50)
    monkeypatch.setattr(undoing, "CHANGED", 50)
    for number, name in enumerate(many):
        Mailbox.objects.filter(pk=name).update(quota=number)
    selected = {"select_across": "1", "quota_0": "1024000", "quota_1": "", "count": "120"}
    page = post(rita, MAILBOX, "set_quota", [], post="yes", **selected)
    for _ in range(2):
        page = rita.post(MAILBOX, hidden(page), follow=True)
    Mailbox.objects.filter(pk=many[119]).update(quota=9)
    page = rita.post("/admin/log/undo/", undo_form(page))
    for number in (49, 99):
        assert f"{number} rows are as they were before." in page.content.decode()
        assert f'max="120" value="{number}"' in page.content.decode()
        assert "data-autosubmit" in page.content.decode()
        with CaptureQueriesContext(connections["default"]) as asked:
            page = rita.post("/admin/log/undo/", hidden(page))
        assert not [one for one in asked if "COUNT(" in one["sql"] and "_subject" in one["sql"]]
    text = page.content.decode()
    assert "119 rows are as they were before." in text and "data-autosubmit" not in text
    assert f"{many[119]}: It has been changed since" in text
    quotas = list(Mailbox.objects.order_by("pk").values_list("quota", flat=True))
    assert quotas == [*range(119), 9]
    [entry] = rita.get("/admin/log/?action=mailbox.undo").context["entries"]
    assert (len(entry.subjects), entry.others) == (3, 117) and chain.verify() is None


def test_the_report_of_a_change_stays_and_offers_to_undo_it(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    Domain.objects.update(quota=1)
    data = {"post": "yes", "quota_0": "1000K"}
    page = post(rita, MAILBOX, "set_quota", [anna.pk, bob.pk], **data).content.decode()
    assert "1 failed" in page and "/admin/log/undo/" in page
    [found] = rita.get("/admin/log/?action=mailbox.change").context["entries"]
    url = f"/admin/log/{found.entry.seq}/"
    log, dashboard = (rita.get(each).content.decode() for each in ("/admin/log/", "/admin/"))
    assert all(f'href="{url}"' in text for text in (page, log, dashboard))
    report = rita.get(url)
    assert f"<li>{bob.pk}: example.org has" in report.content.decode()
    page = rita.post("/admin/log/undo/", undo_form(report), follow=True)
    assert page.redirect_chain[-1][0] == url and not Mailbox.objects.exclude(quota=0)
    page = rita.post("/admin/log/undo/", undo_form(report), follow=True).content.decode()
    assert "There was nothing to undo" in page


def test_who_may_not_do_it_may_not_undo_it_either(anna: Mailbox) -> None:
    entry = actions.set_quota_in_bulk(TESTER, [anna], 1024000).entry
    helpdesk = signed_in("helpdesk", "example.org")
    report = helpdesk.get(f"/admin/log/{entry}/")
    assert anna.pk in report.content.decode() and not undo_form(report)
    helpdesk.post("/admin/log/undo/", {"entry": entry})
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    foreign = signed_in("domain", "example.net", name="foreign")
    assert foreign.get(f"/admin/log/{entry}/").status_code == 404
    page = foreign.post("/admin/log/undo/", {"entry": entry}, follow=True).content.decode()
    assert anna.pk not in page and Mailbox.objects.get().quota == 1024000


def test_the_question_before_disabling_offers_to_refuse_the_mail(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    actions.create_alias(TESTER, CatchAll("example.org"), ["rest@example.net"])
    selected = [anna.pk, bob.pk]
    page = post(rita, MAILBOX, "disable", selected).content.decode()
    assert "@example.org → rest@example.net" in page and "Left as it is" in page
    chosen = {"post": "yes", "handling": "refused"}
    page = post(rita, MAILBOX, "disable", selected, **chosen, sentence="Grüße").content.decode()
    assert "only pass on ASCII" in page and "rest@example.net" in page
    assert Mailbox.objects.filter(active=True).count() == 2
    page = post(rita, MAILBOX, "disable", selected, **chosen, sentence="Gone.").content.decode()
    assert "Disabled 2 mailboxes." in page
    own = Alias.objects.filter(pk__in=selected)
    assert {sentence_of(alias.goto) for alias in own} == {"Gone."}
    history = rita.get(f"{MAILBOX}{quote(anna.pk)}/history/").content.decode()
    assert "refused: Gone." in history


def test_the_choice_to_refuse_mail_holds_for_all_batches(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "ROWS_PER_REQUEST", 60)
    chosen = {"post": "yes", "select_across": "1", "count": "120", "handling": "discarded"}
    page = post(rita, MAILBOX, "disable", [], **chosen, sentence="Grüße")
    assert '<option value="discarded" selected>' in page.content.decode()
    rita.post(MAILBOX, hidden(page) | {"handling": ["discarded"]}, follow=True)
    assert Alias.objects.filter(goto=DISCARD, active=False).count() == 120
    actions.create_alias(TESTER, Address.parse("team@example.org"), [many[0]])
    chosen |= {"handling": "refused", "sentence": "Gone."}
    page, lost = post(rita, MAILBOX, "disable", [], **chosen), "is refused: team@example.org."
    assert lost not in page.content.decode()
    sent = hidden(page) | {"handling": ["refused"], "sentence": ["Gone."]}
    assert rita.post(MAILBOX, sent, follow=True).content.decode().count(lost) == 1


def test_who_may_not_change_mailboxes_is_not_asked_what_becomes_of_mail(anna: Mailbox) -> None:
    client = signed_in("helpdesk", "example.org")
    assert "Left as it is" not in post(client, MAILBOX, "disable", [anna.pk]).content.decode()
    post(client, MAILBOX, "disable", [anna.pk], post="yes", handling="discarded")
    assert not Mailbox.objects.get().active and Alias.objects.get().goto == anna.pk


def test_a_bulk_quota_is_checked_for_each_mailbox(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    selected = [anna.pk, bob.pk]
    page = post(rita, MAILBOX, "set_quota", selected, post="yes", quota_0="much").content.decode()
    assert "is not a valid size" in page and not Mailbox.objects.exclude(quota=0)
    domain = Domain.objects.get()
    domain.quota = 1024
    actions.change_domain(TESTER, domain)
    page = post(rita, MAILBOX, "set_quota", selected, post="yes", quota_0="600M").content.decode()
    assert "1 of 2 done." in page and "1 failed" in page
    assert "bob@example.org: example.org has 400 MiB left" in page
    assert [row.quota for row in Mailbox.objects.all()] == [600 * 2**20, 0]


def hidden(page: Any) -> dict[str, list[str]]:
    """Return the hidden fields that the form on the page would send."""
    form = page.content.decode().partition('<form method="post" class="card"')[2]
    form = form.partition("</form>")[0]
    found: dict[str, list[str]] = {"quota_1": [""]}
    for name, value in re.findall(r'type="(?:hidden|text)" name="(\w+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(unescape(value))
    for name, text in re.findall(r'<textarea name="(\w+)" hidden>\n(.*?)</textarea>', form, re.S):
        found[name] = [unescape(text)]
    return found


def test_many_rows_are_changed_in_batches_and_each_refusal_is_reported(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "ROWS_PER_REQUEST", 50)
    Domain.objects.update(quota=70)
    url, selected = f"{MAILBOX}?q=box", {"select_across": "1", "quota_0": "1024000", "quota_1": ""}
    page = post(rita, url, "set_quota", [], post="yes", count="120", **selected)
    assert "50 of 120 done." in page.content.decode() and "data-autosubmit" in str(page.content)
    assert Mailbox.objects.filter(quota__gt=0).count() == 50
    page = rita.post(url, hidden(page), follow=True)
    text = page.content.decode()
    assert "70 of 120 done." in text and "30 failed" in text and "Stop here" in text
    page = rita.post(url, hidden(page), follow=True)
    text = page.content.decode()
    assert "70 of 120 done." in text and "50 failed" in text
    assert "data-autosubmit" not in text and "Back to the list" in text
    for name in many[70:]:
        assert f"<li>{name}</li>" in text
    assert Mailbox.objects.filter(quota__gt=0).count() == 70
    assert len(logged("mailbox.change")) == 120
    history = rita.get("/admin/mailboxes/mailbox/box000_40example.org/history/").content.decode()
    assert re.search(r"Quota</strong>: no limit .*?</span> 1000 KiB", history)


def test_stopping_reports_what_was_done(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "ROWS_PER_REQUEST", 50)
    first = post(rita, MAILBOX, "disable", [], post="yes", select_across="1", count="120")
    page = rita.post(MAILBOX, hidden(first) | {"stop": ["1"]}, follow=True).content.decode()
    assert "Disabled 50 mailboxes." in page
    assert Mailbox.objects.filter(active=True).count() == 70
    history = rita.get("/admin/mailboxes/mailbox/box000_40example.org/history/").content.decode()
    assert re.search(r"Active</strong>: yes .*?</span> no", history)


@pytest.mark.parametrize(("number", "more"), [(100, False), (101, True)])
def test_a_single_batch_is_reported_at_once_with_undo(
    rita: Client, many: list[str], number: int, more: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "ROWS_PER_REQUEST", 100)
    sent = {"post": "yes", "count": str(number)}
    page = post(rita, MAILBOX, "disable", many[:number], **sent).content.decode()
    assert ("100 of 101 done." in page, "Undo" in page) == (more, not more)


@pytest.mark.parametrize("forged", ["-1", "x", "9" * 30, "٣"])
def test_forged_numbers_do_no_harm(rita: Client, anna: Mailbox, forged: str) -> None:
    numbers = dict.fromkeys(("done", "failed", "count"), forged)
    page = post(rita, MAILBOX, "disable", [anna.pk], post="yes", **numbers).content.decode()
    assert "Disabled 1 mailbox" in page or "1 of " in page or "4 of " in page
    assert not Mailbox.objects.get().active


@pytest.mark.finding("error-text")
def test_posted_refusals_are_escaped(rita: Client, anna: Mailbox) -> None:
    sent = {"refused": "<script>alert(1)</script>", "failed": "1"}
    page = post(rita, MAILBOX, "disable", [anna.pk], post="yes", **sent).content.decode()
    assert "&lt;script&gt;" in page and "<script>alert" not in page


def test_all_search_results_can_be_changed(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "ROWS_PER_REQUEST", 100)
    across = {"select_across": "1"}
    page = post(rita, f"{MAILBOX}?q=box", "disable", [], **across).content.decode()
    assert "Disable 120 mailboxes?" in page and "and 100 more" in page
    assert "<li>box000@<wbr>" in page
    first = post(rita, f"{MAILBOX}?q=box", "disable", [], post="yes", **across)
    page = rita.post(f"{MAILBOX}?q=box", hidden(first), follow=True).content.decode()
    assert "Disabled 120 mailboxes." in page and not Mailbox.objects.filter(active=True)


def test_too_many_rows_are_refused(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_ROWS", 100)
    page = post(rita, MAILBOX, "disable", [], select_across="1", post="yes").content.decode()
    assert "At most 100 rows can be changed at once" in page
    assert Mailbox.objects.filter(active=True).count() == 120


def test_selecting_nothing_shows_a_message(rita: Client, anna: Mailbox) -> None:
    page = post(rita, MAILBOX, "disable", []).content.decode()
    assert "Items must be selected" in page


def test_bulk_actions_are_logged(rita: Client, anna: Mailbox, bob: Mailbox) -> None:
    post(rita, MAILBOX, "disable", [anna.pk, bob.pk], post="yes")
    post(rita, MAILBOX, "delete_selected", [bob.pk], post="yes")
    assert logged("mailbox") == [
        ("rita", "mailbox.disable", anna.pk),
        ("rita", "mailbox.disable", bob.pk),
        ("rita", "mailbox.delete", bob.pk),
    ]
    begun = Entry.objects.get(action="mailbox.disable", phase="begun")
    assert begun.subjects.count() == 2 and Entry.objects.get(begun=begun.seq).phase == "done"


@pytest.mark.finding("unguarded-delete")
def disable_all(client: Client, number: int = 120) -> Any:
    page = post(client, MAILBOX, "disable", [], post="yes", select_across="1", count=str(number))
    return client.post(MAILBOX, hidden(page), follow=True)


def test_all_batches_of_a_bulk_action_are_one_entry(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "ROWS_PER_REQUEST", 100)
    assert "Disabled 120 mailboxes." in disable_all(rita).content.decode()
    [entry] = rita.get("/admin/log/?action=mailbox.disable").context["entries"]
    assert (len(entry.subjects), entry.others, entry.outcome) == (3, 117, "done")
    [found] = rita.get(f"/admin/log/?q={many[-1]}").context["entries"]
    assert found.entry == entry.entry
    latest = [one.entry for one in rita.get("/admin/").context["entries"]]
    assert latest.count(entry.entry) == 1 and "disable" not in str(latest[1:])
    sheet = b"".join(rita.get("/admin/log/?action=mailbox.disable&csv=1")).decode()
    assert [line.split(",")[6] for line in sheet.splitlines()[1:]] == many
    assert {line.split(",")[0] for line in sheet.splitlines()[1:]} == {str(entry.entry.seq)}
    for name in (many[0], many[-1]):
        [row] = rita.get(f"{MAILBOX}{quote(name)}/history/").context["entries"]
        assert [subject.name for subject in row.subjects] == [name]
    assert chain.verify() is None


def test_a_batch_can_only_continue_a_recent_action_of_the_same_administrator(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    Mailbox.objects.update(active=False)
    actions.set_active(TESTER, Mailbox.objects.get(pk=anna.pk), True)
    others = Entry.objects.get(action="mailbox.enable", phase="begun").pk
    post(rita, MAILBOX, "disable", [anna.pk], post="yes")
    own = Entry.objects.get(action="mailbox.disable", phase="begun").pk
    for forged in (others, own, 10**12):
        post(rita, MAILBOX, "enable", [anna.pk], post="yes", entry=str(forged))
    assert not Entry.objects.filter(parent__isnull=False).exists()
    Mailbox.objects.update(active=True)
    post(rita, MAILBOX, "disable", [bob.pk], post="yes", entry=str(own))
    assert Entry.objects.get(parent=own).subjects.get().name == bob.pk
    Entry.objects.filter(pk=own).update(at=timezone.now() - timedelta(hours=2))
    Mailbox.objects.update(active=True)
    post(rita, MAILBOX, "disable", [bob.pk], post="yes", entry=str(own))
    assert not Mailbox.objects.filter(pk=bob.pk, active=True).exists()
    assert Entry.objects.filter(parent=own).count() == 1


def test_bulk_actions_are_neither_offered_nor_allowed_with_view_permission(anna: Mailbox) -> None:
    client = signed_in("auditor")
    assert 'name="action"' not in client.get(MAILBOX).content.decode()
    post(client, MAILBOX, "disable", [anna.pk], post="yes")
    post(client, MAILBOX, "delete_selected", [anna.pk], post="yes")
    assert Mailbox.objects.get().active


def test_domains_are_not_deleted_in_bulk(rita: Client, anna: Mailbox) -> None:
    post(rita, DOMAIN, "delete_selected", ["example.org"], post="yes")
    assert Domain.objects.exists()


def test_bulk_disabling_and_enabling_includes_the_mailboxes_own_aliases(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    selected = {"_selected_action": [anna.pk, bob.pk], "post": "yes"}
    rita.post(MAILBOX, {"action": "disable"} | selected)
    assert not Mailbox.objects.filter(active=True) and not Alias.objects.filter(active=True)
    rita.post(MAILBOX, {"action": "enable"} | selected)
    assert Mailbox.objects.filter(active=True).count() == 2
    assert Alias.objects.filter(active=True).count() == 2


def test_bulk_deletion_includes_the_mailboxes_own_aliases(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    for page in (
        post(rita, MAILBOX, "delete_selected", [anna.pk, bob.pk]),
        rita.get(f"{MAILBOX}{anna.pk}/delete/"),
        rita.get(f"{DOMAIN}example.org/delete/"),
    ):
        assert "keeps no copy of deleted passwords" in page.content.decode()
    post(rita, MAILBOX, "delete_selected", [anna.pk, bob.pk], post="yes")
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_all_refusals_are_counted_but_only_the_first_are_listed(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "ROWS_PER_REQUEST", 50)
    monkeypatch.setattr(bulk_actions, "MAX_REFUSALS", 60)
    Domain.objects.update(quota=1)
    data = {"post": "yes", "select_across": "1", "quota_0": "2048000"}
    page = post(rita, MAILBOX, "set_quota", [], count="120", **data)
    for failed, listed in ((50, 50), (100, 60), (120, 60)):
        text = page.content.decode()
        assert "0 of 120 done." in text and f"{failed} failed" in text
        assert re.findall(r"<li>(box\d+@example.org)</li>", text) == many[:listed]
        assert text.count("<li>example.org has ") == 1
        page = rita.post(MAILBOX, hidden(page), follow=True)


def test_disabling_several_domains_names_the_aliases_that_they_leave_behind(
    rita: Client, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one.example", "two.example"):
        actions.create_domain(TESTER, DomainName.parse(name))
        actions.create_mailbox(TESTER, Address.parse(f"x@{name}"), PASSWORD)
    targets = ["x@one.example", "x@two.example"]
    actions.create_alias(TESTER, Address.parse("info@example.org"), targets)
    page = post(rita, DOMAIN, "disable", ["one.example", "two.example"]).content.decode()
    assert "so mail to them is refused: info@example.org." in page
    assert "refused" not in post(rita, DOMAIN, "disable", ["one.example"]).content.decode()
    actions.create_alias(TESTER, Address.parse("y@two.example"), ["gone@two.example"])
    Domain.objects.filter(pk="two.example").update(active=False)
    page = post(rita, DOMAIN, "enable", ["one.example", "two.example"]).content.decode()
    assert "Mail to y@two.example is refused" in page and "info@example.org" not in page
    monkeypatch.setattr(findings, "MAX_ALIASES", 0)
    for action, rows in (("disable", ["one.example"]), ("enable", ["two.example"])):
        page = post(rita, DOMAIN, action, rows).content.decode()
        assert "There are too many rows to check which aliases lose mail." in page
    page = post(rita, MAILBOX, "delete_selected", ["x@one.example"]).content.decode()
    assert "There are too many rows to check which aliases lose mail." in page
