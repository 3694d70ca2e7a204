"""Which aliases need attention, and what a deletion leaves behind."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from mailboxes import actions
from mailboxes.access.scope import EVERYTHING, Scope
from mailboxes.addresses import DomainName
from mailboxes.admin import display
from mailboxes.forwarding import changes, findings, sources, wording
from mailboxes.forwarding.changes import notes_of_enabling
from mailboxes.forwarding.sources import alias_domains_of, forwarding_to, with_alias_domains
from mailboxes.forwarding.wording import finding_text, left_behind_text, saved_warnings
from mailboxes.handling import Handling, handling_target
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.conftest import TESTER, forget_lookups

ALL = Alias.objects.all
SOME = Scope(None, frozenset({"example.org"}))


def add(address: str, *targets: str, active: bool = True) -> Alias:
    return Alias.objects.create(
        address=address, goto=",".join(targets), domain_id="example.org", active=active
    )


@pytest.fixture(autouse=True)
def rows(anna: Mailbox, bob: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("closed.example"))
    Domain.objects.filter(pk="closed.example").update(active=False)
    actions.set_active(TESTER, bob, False)


def texts(scope: Scope = EVERYTHING) -> list[str]:
    return [finding_text(finding, scope) for finding in findings.check(ALL())]


def test_each_target_that_mail_does_not_reach_is_named_with_the_reason() -> None:
    add("all@example.org", "gone@example.org", "bob@example.org", "x@closed.example", "y@e.example")
    add("dead@example.org", "Gone@example.org")
    add("nested@example.org", "dead@example.org", "anna@example.org")
    add("fine@example.org", "anna@example.org", "y@e.example")
    assert texts() == [
        "Mail to all@example.org doesn't reach all of its targets: gone@example.org "
        "(doesn't exist), bob@example.org (disabled), x@closed.example (domain disabled).",
        "Mail to dead@example.org is refused, since none of its targets receives mail: "
        "gone@example.org (doesn't exist).",
        "Mail to nested@example.org doesn't reach all of its targets: "
        "dead@example.org (leads nowhere).",
    ]


def test_loops_and_too_many_targets_are_named() -> None:
    add("a@example.org", "b@example.org", "anna@example.org")
    add("b@example.org", "a@example.org")
    add("c@example.org", *(f"x{number}@e.example" for number in range(1001)))
    assert texts()[0].endswith("loop: a@example.org → b@example.org → a@example.org.")
    assert texts()[2].endswith("Postfix doesn't expand more than 1,000 addresses.")


def test_a_catch_all_and_a_copy_without_a_mailbox_are_checked_too() -> None:
    add("@example.org", "gone@closed.example")
    add("copy@example.org", "copy@example.org", "anna@example.org")
    assert [text.split()[2] for text in texts()] == ["@example.org", "copy@example.org"]


def test_targets_of_others_are_said_to_be_dead_without_names_and_reasons() -> None:
    add("a@example.org", "x@closed.example", "anna@example.org")
    add("b@example.org", "x@closed.example", "y@closed.example")
    add("c@example.org", "x@closed.example", "gone@example.org", "|deliver")
    add("fine@example.org", "anna@example.org", "y@e.example")
    assert texts(SOME) == [
        "Mail to a@example.org doesn't reach all of its targets: some outside your domains don't "
        "accept mail. Ask an administrator of those domains.",
        "Mail to b@example.org is refused, since its targets outside your domains don't accept "
        "mail. Ask an administrator of those domains.",
        "Mail to c@example.org is refused, since none of its targets receives mail: "
        "gone@example.org (doesn't exist), |deliver (not an address), others outside your domains.",
    ]


def test_aliases_of_others_that_lose_mail_are_said_to_exist_without_names(anna: Mailbox) -> None:
    for name in ("y.example", "z.example"):
        actions.create_domain(TESTER, DomainName.parse(name))
    Alias.objects.create(address="foo@y.example", goto=anna.pk, domain_id="y.example")
    info = add("info@example.org", "gone@example.org")
    assert not any("outside" in text for text in saved_warnings(info, SOME))
    Alias.objects.create(address="bar@y.example", goto=info.pk, domain_id="y.example")
    assert saved_warnings(info, SOME)[1:] == [str(wording.OUTSIDE)]
    assert saved_warnings(info, EVERYTHING)[1].endswith("refused: bar@y.example.")
    assert left_behind_text([anna], SOME) == str(wording.OUTSIDE)
    assert left_behind_text([anna], EVERYTHING).endswith("refused: foo@y.example.")
    actions.create_alias_domain(TESTER, "z.example", "example.org")
    Alias.objects.create(address="anna@z.example", goto="gone@y.example", domain_id="z.example")
    [note] = changes.notes_of_changes([anna.pk], [], SOME)
    assert str(note) == str(wording.OUTSIDE)
    [note] = changes.notes_of_changes([anna.pk], [], EVERYTHING)
    assert str(note).startswith("Mail to anna@z.example is refused")


def test_unused_aliases_are_not_found() -> None:
    add("off@example.org", "gone@example.org", active=False)
    Alias.objects.filter(pk="bob@example.org").update(active=True)
    assert texts() == []


def test_a_deletion_leaves_behind_what_forwards_to_nowhere_else(anna: Mailbox) -> None:
    add("info@example.org", "anna@example.org", "gone@example.org")
    add("sales@example.org", "info@example.org")
    add("team@example.org", "anna@example.org", "y@e.example")
    left = findings.left_behind([anna], ALL())
    assert left.nowhere == ["info@example.org", "sales@example.org"]
    assert left.others == {"team@example.org": "anna@example.org"}
    add("@example.org", "y@e.example")
    assert findings.left_behind([anna], ALL()) == findings.LeftBehind()
    assert findings.left_behind([anna], Alias.objects.filter(pk="team")).others == {}


def test_too_many_aliases_are_not_checked_on_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    add("dead@example.org", "gone@example.org")
    with CaptureQueriesContext(connections["mail"]) as queries:
        assert [one.alias for one in findings.check_table(ALL()) or []] == ["dead@example.org"]
    found = [query["sql"].replace("`", '"') for query in queries]
    assert not any('FROM "alias"' in sql and "'dead@example.org'" in sql for sql in found)
    assert not any("password" in sql for sql in found)
    monkeypatch.setattr(findings, "MAX_ALIASES", 2)
    assert findings.check_table(ALL()) is None


def test_saving_warns_of_the_alias_and_disabling_of_those_above_it(anna: Mailbox) -> None:
    info = add("info@example.org", "bob@example.org")
    assert "bob@example.org (disabled)" in saved_warnings(info, EVERYTHING)[0]
    assert saved_warnings(anna, EVERYTHING) == []
    add("sales@example.org", "anna@example.org")
    actions.set_active(TESTER, anna, False)
    assert saved_warnings(anna, EVERYTHING)[0].endswith("sales@example.org.")


def test_those_above_an_alias_that_leads_nowhere_are_named_too() -> None:
    add("sales@example.org", "info@example.org")
    add("team@example.org", "sales@example.org")
    add("both@example.org", "info@example.org", "anna@example.org")
    info = add("info@example.org", "gone@example.org")
    own, nowhere, partly = saved_warnings(info, EVERYTHING)
    assert own.startswith("Mail to info@example.org is refused")
    assert nowhere.endswith("refused: sales@example.org, team@example.org.")
    assert partly.endswith("bounces: both@example.org → info@example.org.")


def test_what_is_refused_below_a_catch_all_no_longer_goes_there() -> None:
    add("@example.org", "y@e.example")
    add("info@example.org", "carl@example.org")
    carl = Mailbox.objects.create(username="carl@example.org", domain_id="example.org")
    own = add("carl@example.org", "carl@example.org")
    assert saved_warnings(carl, EVERYTHING) == []
    own.goto = handling_target(Handling.REFUSED, "No.")
    own.save()
    [text] = saved_warnings(carl, EVERYTHING)
    assert text.endswith("refused: info@example.org.")


def test_a_catch_all_that_takes_the_mail_of_mailboxes_is_said_to(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = add("@example.org", "y@e.example")
    assert saved_warnings(everything, EVERYTHING) == []
    Mailbox.objects.create(username="carl@example.org", domain_id="example.org")
    [text] = saved_warnings(everything, EVERYTHING)
    assert "no active alias of their own: carl@example.org." in text
    Mailbox.objects.filter(pk="carl@example.org").update(active=False)
    assert saved_warnings(everything, EVERYTHING) == []
    monkeypatch.setattr(wording, "MAX_CHECKED", 0)
    [text] = saved_warnings(everything, EVERYTHING)
    assert "too many mailboxes to look for these" in text


def test_what_forwards_into_an_alias_domain_is_named_if_its_target_lacks_the_address() -> None:
    for name in ("net.example", "new.example"):
        actions.create_domain(TESTER, DomainName.parse(name))
    add("info@example.org", "anna@net.example")
    add("sales@example.org", "info@example.org")
    row = AliasDomain.objects.create(alias_domain="net.example", target_domain="example.org")
    assert saved_warnings(row, EVERYTHING) == []
    row.target_domain = "new.example"
    row.save()
    texts = saved_warnings(row, EVERYTHING)
    assert "Mail to info@example.org is refused" in texts[-2]
    assert texts[-1].endswith("refused: sales@example.org.")


def test_disabling_a_domain_warns_of_the_aliases_that_forward_into_it() -> None:
    add("away@example.org", "x@closed.example", "y@e.example")
    add("nowhere@example.org", "x@closed.example")
    closed = Domain.objects.get(pk="closed.example")
    assert saved_warnings(closed, EVERYTHING) == [
        "These aliases don't forward to anything else, so mail to them is refused: "
        "nowhere@example.org. Mail to these aliases still arrives elsewhere, but partly bounces: "
        "away@example.org → x@closed.example."
    ]
    nowhere, away = saved_warnings(Domain.objects.get(pk="example.org"), EVERYTHING)
    assert "Mail to nowhere@example.org is refused" in nowhere and "Mail to away@" in away


def test_of_many_aliases_that_lose_mail_in_a_domain_the_last_are_only_named() -> None:
    for number in range(13):
        add(f"x{number:02}@example.org", "x@closed.example", *["y@e.example"][: number % 2])
    texts = saved_warnings(Domain.objects.get(pk="example.org"), EVERYTHING)
    assert len(texts) == 8 and texts[0].startswith("Mail to x00@example.org is refused")
    assert texts[6].endswith("so mail to them is refused: x12@example.org.")
    assert "x01@example.org → x@closed.example, " in texts[7] and texts[7].endswith(
        "x11@example.org → x@closed.example."
    )


def test_a_copy_in_a_domain_that_is_not_relayed_any_more_is_named() -> None:
    add("copy@example.org", "copy@example.org", "y@e.example")
    Domain.objects.filter(pk="example.org").update(transport="relay:[192.0.2.1]")
    row = Domain.objects.get(pk="example.org")
    assert saved_warnings(row, EVERYTHING) == []
    row.transport = "virtual"
    row.save()
    [text] = saved_warnings(row, EVERYTHING)
    assert "copy@example.org (doesn't exist)" in text


def test_what_is_enabled_is_looked_at_as_it_will_be(bob: Mailbox) -> None:
    Alias.objects.filter(pk=bob.pk).update(goto="bob@example.org,gone@example.org")
    off = add("off@example.org", "bob@example.org", active=False)
    inside = Alias.objects.create(
        address="in@closed.example", goto="off@example.org", domain_id="closed.example"
    )
    closed = Domain.objects.get(pk="closed.example")
    [first] = map(str, notes_of_enabling([off], EVERYTHING))
    assert "off@example.org is refused" in first and "bob@example.org (disabled)" in first
    [own] = map(str, notes_of_enabling([bob, off], EVERYTHING))
    assert "Mail to bob@example.org doesn't reach" in own
    [within] = map(str, notes_of_enabling([closed], EVERYTHING))
    assert f"Mail to {inside.pk} is refused" in within


def test_a_deleted_extension_is_looked_at_in_alias_domains_too(anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("z.example"))
    actions.create_alias_domain(TESTER, "z.example", "example.org")
    Alias.objects.create(address="anna@z.example", goto="sales@example.org", domain_id="z.example")
    add("sales@example.org", "anna+old@z.example")
    [note] = changes.notes_of_changes(["anna+old@example.org"], [], EVERYTHING)
    assert str(note).endswith("in a loop: sales@example.org, anna@z.example.")


def test_an_alias_to_itself_without_a_mailbox_is_named(anna: Mailbox) -> None:
    add("copy@example.org", "copy@example.org")
    names = [anna.pk, "bob@example.org", "copy@example.org"]
    [note] = changes.notes_of_changes(names, [], EVERYTHING)
    assert "copy@example.org (doesn't exist)" in str(note)


def test_it_is_said_if_there_are_too_many_aliases_to_look_at_all(
    bob: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "MAX_ALIASES", 2)
    add("one@example.org", "y@e.example")
    add("two@example.org", "y@e.example")
    domain = Domain.objects.get(pk="example.org")
    assert saved_warnings(domain, EVERYTHING) == []
    assert changes.notes_of_changes([bob.pk], [domain.pk], EVERYTHING) == []
    add("three@example.org", "y@e.example")
    assert saved_warnings(domain, EVERYTHING) == [str(wording.UNCHECKED)]
    assert changes.notes_of_changes([], [domain.pk], EVERYTHING) == [wording.UNCHECKED]
    assert changes.notes_of_changes([bob.pk], [], EVERYTHING) == []
    assert saved_warnings(bob, EVERYTHING) != [str(wording.UNCHECKED)]
    forget_lookups()
    assert changes.notes_of_changes([bob.pk], [], EVERYTHING) == [wording.UNCHECKED]
    nobody = add("four@example.org", "nobody@example.org")
    with CaptureQueriesContext(connections["mail"]) as queries:
        assert str(wording.UNCHECKED) in saved_warnings(bob, EVERYTHING)
        assert len(saved_warnings(nobody, EVERYTHING)) == 1
    assert not any("`goto` LIKE" in query["sql"] for query in queries)


def test_what_several_disabled_domains_leave_behind_is_found_through_other_names() -> None:
    for name in ("one.example", "two.example", "name.example"):
        actions.create_domain(TESTER, DomainName.parse(name))
    two = Alias.objects.create(address="b@two.example", goto="y@e.example", domain_id="two.example")
    Alias.objects.create(address="a@one.example", goto="y@e.example", domain_id="one.example")
    actions.create_alias_domain(TESTER, "name.example", "two.example")
    add("both@example.org", "a@one.example", "B+x@name.example")
    add("above@example.org", "both@example.org")
    add("half@example.org", "a@one.example", "anna@example.org")
    domains = list(Domain.objects.filter(pk__in=["one.example", "two.example"]))
    left = findings.left_behind(domains, ALL())
    assert left.nowhere == ["both@example.org", "above@example.org"]
    assert left.others == {"half@example.org": "a@one.example"}
    assert findings.left_behind(domains[1:], ALL()).nowhere == []
    assert findings.left_behind([two], ALL()).others == {"both@example.org": "b+x@name.example"}


def test_users_of_the_mail_host_itself_are_named_when_an_alias_is_saved() -> None:
    root = add("root@example.org", "root@mail.example.test", "bob@localhost", "y@e.example")
    [text] = saved_warnings(root, EVERYTHING)
    assert text.endswith("their mail bounces: root@mail.example.test, bob@localhost.")


def test_a_new_domain_warns_of_a_postmaster_that_does_not_exist() -> None:
    name = DomainName.parse("new.example")
    domain = actions.create_domain(TESTER, name, postmaster="typo@example.org")
    texts = saved_warnings(domain, EVERYTHING)
    assert [text.split()[2] for text in texts] == ["abuse@new.example", "postmaster@new.example"]


def test_an_alias_domain_of_a_disabled_domain_is_warned_of(anna: Mailbox) -> None:
    row = AliasDomain(alias_domain="net.example", target_domain="example.org")
    assert saved_warnings(row, EVERYTHING) == []
    Domain.objects.filter(pk="example.org").update(active=False)
    assert saved_warnings(row, EVERYTHING) == [
        "Mail to any address in net.example is refused, since example.org is disabled."
    ]


def test_a_deletion_that_makes_a_loop_is_told_from_one_that_leads_nowhere(anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("y.example"))
    a = add("a@example.org", "y@e.example")
    add("@example.org", "foo@y.example")
    Alias.objects.create(address="foo@y.example", goto="a@example.org", domain_id="y.example")
    left = findings.left_behind([a], ALL())
    assert left.deferred == ["foo@y.example", "@example.org"] and left.nowhere == []
    assert "because it goes in a loop: foo@y" in left_behind_text([a], EVERYTHING)
    assert "Mail to the alias foo@y.example will be deferred" in display.left_behind(left)[0]


def test_aliases_that_lose_mail_by_way_of_other_domains_are_named(anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("y.example"))
    Alias.objects.create(address="foo@y.example", goto=anna.pk, domain_id="y.example")
    add("sales@example.org", "foo@y.example")
    add("both@example.org", "foo@y.example", "z@e.example")
    text = left_behind_text([anna], SOME)
    assert "is refused: sales@example.org." in text and "bounces: both@example.org → …." in text
    for number in range(7):
        add(f"s{number}@example.org", "foo@y.example")
    assert ", s5@example.org and more." in left_behind_text([anna], SOME)


def test_an_address_that_is_not_on_a_relayed_domains_list_does_not_exist() -> None:
    Domain.objects.create(domain="rel.example", transport="relay:[192.0.2.1]")
    info = add("info@example.org", "other@rel.example", "listed+x@rel.example")
    relayed = Domain.objects.get(pk="rel.example")
    assert saved_warnings(info, EVERYTHING) == [] == saved_warnings(relayed, EVERYTHING)
    listed = "listed@rel.example"
    Alias.objects.create(address=listed, goto=listed, domain_id="rel.example")
    [text] = saved_warnings(info, EVERYTHING)
    assert text.endswith("its targets: other@rel.example (doesn't exist).")
    assert saved_warnings(relayed, EVERYTHING) == [text]


def test_the_first_alias_to_itself_in_a_relayed_domain_takes_mail_from_the_others() -> None:
    """Also if it is disabled: recipients are listed from then on."""
    Domain.objects.create(domain="rel.example", transport="relay:[192.0.2.1]")
    add("info@example.org", "other@rel.example")
    first, second = (f"{name}@rel.example" for name in ("first", "second"))
    row = Alias.objects.create(address=first, goto=first, domain_id="rel.example")
    only, nowhere = saved_warnings(row, EVERYTHING)
    assert "mail to any other address in rel.example is refused" in only
    assert nowhere.endswith("refused: info@example.org.")
    assert [str(note) for note in changes.notes_of_changes([first], [], EVERYTHING)] == [
        only,
        nowhere,
    ]
    row.active = False
    assert saved_warnings(row, EVERYTHING)[0] == only
    Alias.objects.create(address="@rel.example", goto="y@e.example", domain_id="rel.example")
    assert saved_warnings(row, EVERYTHING) == []
    AliasDomain.objects.create(alias_domain="name.example", target_domain="rel.example")
    Domain.objects.create(domain="name.example")
    caught = Alias.objects.create(
        address="@name.example", goto="gone@example.org", domain_id="name.example"
    )
    Alias.objects.filter(pk="@rel.example").delete()
    row.active = True
    assert saved_warnings(row, EVERYTHING)[1].startswith(f"Mail to {caught.pk} is refused")
    found = changes.notes_of_changes([first], [], EVERYTHING)
    assert str(found[1]).startswith(f"Mail to {caught.pk} is refused")
    row = Alias.objects.create(address=second, goto=second, domain_id="rel.example")
    assert saved_warnings(row, EVERYTHING) == []


def test_an_alias_of_another_domain_is_named_when_a_domain_is_relayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Domain.objects.filter(pk="closed.example").update(active=True)
    add("info@example.org", "x@closed.example")
    domain = Domain.objects.get(pk="closed.example")
    assert "x@closed.example (doesn't exist)" in saved_warnings(domain, EVERYTHING)[0]
    monkeypatch.setattr(findings, "MAX_ALIASES", 2)
    assert "x@closed.example (doesn't exist)" in saved_warnings(domain, EVERYTHING)[0]
    forget_lookups()
    assert saved_warnings(domain, EVERYTHING) == [str(wording.UNCHECKED)]


def test_disabling_does_not_take_back_what_a_disabled_mailbox_refuses(anna: Mailbox) -> None:
    """As deleting does, after which mail for it goes to the catch-all."""
    actions.create_domain(TESTER, DomainName.parse("net.example"))
    actions.create_alias_domain(TESTER, "net.example", "example.org")
    add("@example.org", "y@e.example")
    own = Alias.objects.filter(pk="bob@example.org")
    own.update(goto=handling_target(Handling.REFUSED, "No."))
    info = add("info@example.org", "bob@net.example", "anna@example.org")
    far = Mailbox.objects.create(username="bob@net.example", domain_id="net.example")
    Alias.objects.create(address=far.pk, goto=far.pk, domain_id="net.example")
    chosen = [far, Mailbox.objects.get(pk="bob@example.org")]
    disabled = findings.look_ups_with(chosen, False)
    assert findings.left_behind(chosen, ALL(), disabled).others == {info.pk: far.pk}
    assert findings.left_behind(chosen, ALL()) == findings.LeftBehind()


@pytest.mark.parametrize("adopted", [False, True])
def test_a_domains_aliases_to_themselves_without_a_mailbox_are_named(
    adopted: bool, anna: Mailbox
) -> None:
    """But not as a recipient of a relayed domain, nor a mailbox's own."""
    alone = add("alone@example.org", "alone@example.org")
    Domain.objects.create(domain="rel.example", transport="relay:[192.0.2.1]", active=False)
    listed = "listed@rel.example"
    Alias.objects.create(address=listed, goto=listed, domain_id="rel.example")
    if adopted:
        forget_lookups()
    assert [one.alias for one in findings.check_table(ALL()) or []] == [alone.pk]
    text = (
        "Mail to alone@example.org is refused, since none of its targets receives mail: "
        "alone@example.org (doesn't exist)."
    )
    assert saved_warnings(Domain.objects.get(pk="example.org"), EVERYTHING) == [text]
    Domain.objects.filter(pk="example.org").update(active=False)
    domains = Domain.objects.filter(pk__in=["example.org", "rel.example"])
    assert [str(note) for note in notes_of_enabling(domains, EVERYTHING)] == [text]
    Mailbox.objects.create(username=alone.pk, domain_id="example.org")
    assert notes_of_enabling(domains, EVERYTHING) == []


def test_aliases_into_many_domains_are_found_together() -> None:
    names = [f"d{number}.example" for number in range(30)]
    Domain.objects.bulk_create(Domain(domain=name) for name in names)
    aliases = {add(f"to.{name}@example.org", f"info@{name}").pk for name in names}
    Alias.objects.create(address="x@d1.example", goto="info@d2.example", domain_id="D1.example")
    with CaptureQueriesContext(connections["mail"]) as queries:
        wanted = with_alias_domains([f"@{name}" for name in names])
        found = forwarding_to(wanted, outside=frozenset(names[:15]))
    assert {alias.pk for alias in found} == aliases and len(queries) < 10


def test_many_lost_addresses_are_followed_in_parts_until_enough_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first aliases that lose all mail are named, however many follow."""
    names = [f"m{number:02}@example.org" for number in range(40)]
    Mailbox.objects.bulk_create(Mailbox(username=name, domain_id="example.org") for name in names)
    above = {add(f"to.{name}", name).pk for name in names}
    add("both@example.org", f"to.{names[0]},{names[39]}")
    rows = list(Mailbox.objects.filter(pk__in=names).order_by("pk"))

    def found() -> tuple[findings.LeftBehind, int]:
        with CaptureQueriesContext(connections["mail"]) as queries:
            return findings.left_behind(rows, ALL()), len(queries)

    monkeypatch.setattr(findings, "MAX_NAMED", 100)
    assert set(found()[0].nowhere) == above | {"both@example.org"}
    monkeypatch.setattr(findings, "READ_AT_ONCE", 10)
    everything, queries = found()
    assert sorted(everything.nowhere) == sorted(above | {"both@example.org"})
    monkeypatch.setattr(findings, "MAX_NAMED", 5)
    first, fewer = found()
    assert first.nowhere == everything.nowhere[:5] and fewer < queries / 2


@pytest.mark.parametrize("at_once", [500, 2])
def test_alias_domains_of_many_domains_are_found(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few alias domains, all are read; with many, those of some domains at once."""
    monkeypatch.setattr(sources, "READ_AT_ONCE", at_once)
    names = [f"d{number:03}.example" for number in range(at_once + 2)]
    Domain.objects.bulk_create(Domain(domain=name) for name in names)
    pairs = [("a.example", names[-1]), ("b.example", names[0].title()), ("c.example", names[1])]
    AliasDomain.objects.bulk_create(
        AliasDomain(alias_domain=name, target_domain=target, active=name != "c.example")
        for name, target in [*pairs, ("d.example", "example.org")]
    )
    expected = {("a.example", names[-1]), ("b.example", names[0])}
    assert set(alias_domains_of(set(names))) == expected


def test_a_disabled_extension_has_its_mail_delivered_to_the_address_without_it(
    anna: Mailbox,
) -> None:
    extended = add("anna+news@example.org", "y@e.example", active=False)
    [text] = saved_warnings(extended, EVERYTHING)
    assert text.endswith("are: anna+news@example.org → anna@example.org.")
    other = add("nobody+x@example.org", "y@e.example", active=False)
    assert saved_warnings(other, EVERYTHING) == []


def test_disabling_a_domain_names_its_alias_domains() -> None:
    AliasDomain.objects.create(alias_domain="net.example", target_domain="closed.example")
    AliasDomain.objects.create(alias_domain="org.example", target_domain="example.org")
    closed = Domain.objects.get(pk="closed.example")
    assert saved_warnings(closed, EVERYTHING) == [
        "Mail to these alias domains is refused as well: net.example."
    ]


@pytest.mark.parametrize("adopted", [False, True])
def test_aliases_are_found_by_each_form_of_their_targets(adopted: bool, anna: Mailbox) -> None:
    """The same in a database where the panel keeps the targets apart, and where it doesn't."""
    actions.create_domain(TESTER, DomainName.parse("other.example"))
    actions.create_alias_domain(TESTER, "other.example", "example.org")
    aliases = {
        "exact@example.org": "anna@example.org",
        "second@example.org": "x@elsewhere.example, Anna@Example.org",
        "extended@example.org": "anna+list@example.org",
        "through@example.org": "anna@other.example",
        "nobody@example.org": "susanna@example.org,anna@example.org.example",
    }
    for address, goto in aliases.items():
        Alias.objects.create(address=address, goto=goto, domain_id="example.org")
    if adopted:
        forget_lookups()
    found = findings.left_behind([anna], ALL())
    assert sorted(found.nowhere) == [
        "exact@example.org",
        "extended@example.org",
        "through@example.org",
    ]
    assert found.others == {"second@example.org": "anna@example.org"}
    above = forwarding_to(with_alias_domains(["anna@example.org"]), ALL().exclude(pk=anna.pk))
    assert {alias.pk for alias in above} == aliases.keys() - {"nobody@example.org"}
