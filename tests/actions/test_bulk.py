"""A bulk action is one entry in the log, even if it is refused in part or breaks off."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, connections
from django.test.utils import CaptureQueriesContext

from mailboxes import actions
from mailboxes.access.scope import Scope
from mailboxes.actions.base import subject_of
from mailboxes.actions.interrupted import settle_open_entries
from mailboxes.addresses import Address
from mailboxes.audit import chain
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.audit.entries import OPEN, read, visible
from mailboxes.audit.log import begin
from mailboxes.audit.models import Entry, Phase
from mailboxes.errors import Refused
from mailboxes.handling import DISCARD
from mailboxes.models import Alias, Domain, Mailbox
from tests.conftest import PASSWORD, TESTER


@pytest.fixture
def three(domain: Domain) -> list[Mailbox]:
    return [
        actions.create_mailbox(TESTER, Address.parse(f"{name}@example.org"), PASSWORD)
        for name in ("anna", "bob", "chris")
    ]


def test_a_bulk_action_is_one_entry_with_its_rows_beneath(three: list[Mailbox]) -> None:
    actions.set_active_in_bulk(TESTER, three, False)
    begun = Entry.objects.get(action="mailbox.disable", phase="begun")
    rows = [(row.name, row.changes) for row in begun.subjects.order_by("pk")]
    assert rows == [(mailbox.pk, {"active": [True, False]}) for mailbox in three]
    assert Entry.objects.get(begun=begun.seq).phase == "done"
    assert not Mailbox.objects.filter(active=True).exists() and chain.verify() is None


def test_refused_rows_are_logged_with_their_reason(three: list[Mailbox]) -> None:
    Domain.objects.update(quota=2)
    result = actions.set_quota_in_bulk(TESTER, three, 1024000)
    assert (len(result.done), len(result.refused)) == (2, 1)
    end = Entry.objects.get(action="mailbox.change", phase="done")
    [refused] = end.subjects.all()
    assert refused.name == three[2].pk and "total quota" in refused.changes["refused"][1]["message"]


@pytest.mark.finding("log-gap")
@pytest.mark.skipif(
    settings.MAIL_ON_MYSQL, reason="creating a trigger would commit the test's transaction"
)
def test_an_interrupted_batch_changes_nothing_and_its_entry_stays_open(
    three: list[Mailbox],
) -> None:
    with connections["mail"].cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER broken BEFORE UPDATE ON mailbox WHEN NEW.username LIKE 'bob@%' "
            "BEGIN SELECT RAISE(FAIL, 'broken'); END"
        )
    with pytest.raises(DatabaseError, match="broken"):
        actions.set_active_in_bulk(TESTER, three, False)
    assert not Mailbox.objects.filter(active=False)
    [logged] = read(list(visible()[:1]))
    assert logged.outcome == OPEN
    assert [row.name for row in logged.entry.subjects.all()] == [row.pk for row in three]


def test_the_batches_of_an_interrupted_bulk_action_are_summed_up(
    three: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailboxes.actions.interrupted.PATIENCE", timedelta(0))
    first = actions.set_active_in_bulk(TESTER, three[:2], False)
    changed = subject_of(three[2], {"active": [True, False]})
    begin(TESTER, "mailbox.disable", [changed], first.entry)
    [logged] = read(list(visible().filter(action="mailbox.disable")))
    assert logged.outcome == OPEN
    assert settle_open_entries() == 1
    [logged] = read(list(visible().filter(action="mailbox.disable")))
    assert (logged.outcome, logged.text) == (Phase.SETTLED, "2 1 0")
    assert [row.name for row in logged.subjects] == [row.pk for row in three]
    assert logged.others == 0 and chain.verify() is None


def test_disabled_mailboxes_refuse_their_mail_in_the_same_step(three: list[Mailbox]) -> None:
    first, last = three[0], three[2]
    actions.set_active(TESTER, first, False)
    Alias.objects.filter(pk=last.pk).delete()
    found = actions.disable_mailboxes_in_bulk(TESTER, three, DISCARD)
    assert found.done == three and not Mailbox.objects.filter(active=True).exists()
    assert set(Alias.objects.values_list("goto", "active")) == {(DISCARD, False)}
    begun = Entry.objects.filter(action="mailbox.disable", phase="begun").latest("seq")
    active = {"active": [True, False]}
    assert [row.changes for row in begun.subjects.order_by("pk")] == [
        {"goto": [first.pk, DISCARD]},
        active | {"goto": [three[1].pk, DISCARD]},
        active | {"goto": [None, DISCARD]},
    ]


def test_helpdesk_can_disable_mailboxes_but_not_refuse_their_mail(three: list[Mailbox]) -> None:
    helpdesk = Actor(ADMINISTRATOR, "hans", "", Scope.of_role("helpdesk", ["example.org"]))
    assert len(actions.disable_mailboxes_in_bulk(helpdesk, three, DISCARD).refused) == 3
    assert Mailbox.objects.filter(active=True).count() == 3
    assert len(actions.set_active_in_bulk(helpdesk, three, False).done) == 3


def test_undoing_restores_what_became_of_the_mail_and_leaves_what_was_changed_since(
    three: list[Mailbox],
) -> None:
    anna, bob, chris = three
    actions.set_active(TESTER, anna, False)
    Alias.objects.filter(pk=chris.pk).delete()
    before = sorted(Mailbox.objects.values_list("pk", "active"))
    found = actions.disable_mailboxes_in_bulk(TESTER, three, DISCARD)
    Alias.objects.filter(pk=bob.pk).update(goto="bob@example.net")
    result = actions.undo_change(TESTER, found.entry)
    assert [name for name, _ in result.refused] == [bob.pk] and len(result.done) == 2
    actions.delete_mailbox(TESTER, anna)
    Alias.objects.filter(pk=bob.pk).update(goto=DISCARD)
    result = actions.undo_change(TESTER, found.entry)
    assert [name for name, _ in result.refused] == [anna.pk] and result.done == [bob.pk]
    assert sorted(Mailbox.objects.values_list("pk", "active")) == before[1:]
    assert list(Alias.objects.values_list("pk", "goto", "active")) == [(bob.pk, bob.pk, True)]
    with pytest.raises(Refused, match="not a change that can be undone"):
        actions.undo_change(TESTER, 999)


def test_quotas_are_exchanged_within_the_domains_limit_and_restored(three: list[Mailbox]) -> None:
    for mailbox, quota in zip(three, (1, 2, 7), strict=True):
        Mailbox.objects.filter(pk=mailbox.pk).update(quota=quota * 1024000)
    Domain.objects.update(quota=10)
    entry = actions.set_quota_in_bulk(TESTER, three, 3 * 1024000).entry
    assert not actions.undo_change(TESTER, entry).refused
    quotas = Mailbox.objects.order_by("pk").values_list("quota", flat=True)
    assert list(quotas) == [1 * 1024000, 2 * 1024000, 7 * 1024000]


def test_an_alias_that_would_be_a_loop_is_refused_and_the_others_are_enabled(
    domain: Domain,
) -> None:
    aliases = [
        actions.create_alias(TESTER, Address.parse(f"{name}@example.org"), [f"{goto}@example.org"])
        for name, goto in (("a", "b"), ("c", "d"), ("e", "f"))
    ]
    actions.set_active_in_bulk(TESTER, aliases, False)
    actions.create_alias(TESTER, Address.parse("b@example.org"), ["a@example.org"])
    result = actions.set_active_in_bulk(TESTER, aliases, True)
    assert [(row.pk, error.code) for row, error in result.refused] == [("a@example.org", "loop")]
    enabled = Alias.objects.filter(active=True).values_list("pk", flat=True)
    assert sorted(enabled) == ["b@example.org", "c@example.org", "e@example.org"]


def test_a_batch_takes_as_many_queries_as_a_row(three: list[Mailbox]) -> None:
    with CaptureQueriesContext(connections["mail"]) as one:
        actions.set_active_in_bulk(TESTER, three[:1], False)
    with CaptureQueriesContext(connections["mail"]) as all_of_them:
        actions.set_active_in_bulk(TESTER, three[1:], False)
    assert len(one) == len(all_of_them)


@pytest.fixture
def aliases(three: list[Mailbox]) -> list[Alias]:
    """An alias with two targets, a disabled one, a catch-all, and two that refuse mail."""
    goto = {"team": "anna@example.org,x@elsewhere.example", "old": "bob@example.org",
            "": "chris@example.org", "no": DISCARD, "gone": DISCARD}  # fmt: skip
    for name, targets in goto.items():
        Alias.objects.create(
            address=f"{name}@example.org",
            goto=targets,
            domain_id="example.org",
            active=name != "old",
        )
    return list(Alias.objects.filter(pk__in=[f"{name}@example.org" for name in goto]))


def test_deleted_aliases_are_restored_with_their_targets(aliases: list[Alias]) -> None:
    before = set(Alias.objects.values_list("address", "goto", "domain", "active"))
    entry = actions.delete_in_bulk(TESTER, aliases).entry
    assert Alias.objects.count() == 3
    result = actions.undo_change(TESTER, entry)
    assert len(result.done) == 5 and result.refused == []
    assert set(Alias.objects.values_list("address", "goto", "domain", "active")) == before
    assert actions.undo_change(TESTER, entry).done == []  # once more, nothing is left to do
    [begun] = Entry.objects.filter(action="alias.undo", phase="begun")
    assert begun.subjects.get(name="old@example.org").changes["active"] == [None, False]
    single = Alias.objects.get(pk="old@example.org")
    actions.delete_alias(TESTER, single)
    entry = Entry.objects.filter(action="alias.delete", phase="begun").latest("seq").pk
    assert actions.undo_change(TESTER, entry).done == ["old@example.org"]
    assert not Alias.objects.get(pk="old@example.org").active and chain.verify() is None


def test_what_can_no_longer_be_restored_is_named(aliases: list[Alias]) -> None:
    entry = actions.delete_in_bulk(TESTER, aliases).entry
    actions.create_mailbox(TESTER, Address.parse("team@example.org"), PASSWORD)
    actions.create_alias(TESTER, Address.parse("no@example.org"), ["anna@example.org"])
    Alias.objects.filter(pk="chris@example.org").update(goto="old@example.org,gone@example.org")
    Alias.objects.filter(pk="bob@example.org").update(goto="chris@example.org")
    taken = {"team@example.org": "taken", "no@example.org": "taken"}
    for limit, reason in ((3, "limit"), (0, "loop")):
        Domain.objects.update(aliases=limit)
        refused = actions.undo_change(TESTER, entry).refused
        reasons = {name: error.code for name, error in refused}
        assert reasons == taken | {"@example.org": reason}
    assert Alias.objects.filter(pk__in=["gone@example.org", "old@example.org"]).count() == 2


def test_only_those_who_may_create_aliases_in_a_domain_can_restore_them(
    aliases: list[Alias],
) -> None:
    entry = actions.delete_in_bulk(TESTER, aliases).entry
    for rights, domains, code in (
        ({"alias.delete"}, None, "forbidden"),
        ({"alias.delete", "alias.create"}, frozenset(["example.net"]), ""),
    ):
        actor = Actor(ADMINISTRATOR, "otto", "", Scope(frozenset(rights), domains))
        result = actions.undo_change(actor, entry)
        assert result.done == [] and {error.code for _name, error in result.refused} <= {code}
        assert bool(result.refused) == bool(code) and Alias.objects.count() == 3
