"""An import saves no alias whose mail, or that of a list above it, would be deferred."""

import pytest
from django.db import transaction

from mailboxes import actions
from mailboxes.access.scope import Scope
from mailboxes.actions.imports.forwarding import passed_domains
from mailboxes.actions.imports.outcomes import ImportOptions, Outcome, Verb
from mailboxes.actions.imports.planner import Planner
from mailboxes.actions.imports.planning import plan_rows
from mailboxes.actions.imports.rows import AliasDomainRow, AliasRow, DomainRow, ImportRow
from mailboxes.addresses import DomainName, parse_alias
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain
from tests.conftest import TESTER

DORA = Actor(ADMINISTRATOR, "dora", "", Scope.of_role("domain", ["example.org"]))


@pytest.fixture(autouse=True)
def other(domain: Domain) -> Domain:
    return actions.create_domain(TESTER, DomainName.parse("example.net"))


@pytest.fixture(autouse=True)
def ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Postfix expand ten addresses only."""
    monkeypatch.setattr("mailboxes.forwarding.expansion.MAX_RECIPIENTS", 10)


def alias(address: str, *targets: str) -> Alias:
    return actions.create_alias(TESTER, parse_alias(address), targets)


def row(address: str, *targets: str) -> AliasRow:
    return AliasRow(f"line of {address}", address, targets)


def numbered(first: int, last: int) -> list[str]:
    return [f"x{number}@e.example" for number in range(first, last + 1)]


def run(rows: list[ImportRow], actor: Actor = TESTER) -> list[Outcome]:
    """Return the outcomes of the import, which the plan has foretold."""
    options = ImportOptions(creates_domains=actor is TESTER, updates=True)
    planned = list(actions.plan_import(actor, rows, options))
    done = actions.import_rows(actor, rows, options).outcomes
    assert [str(one.refusal) for one in planned] == [str(one.refusal) for one in done]
    return done


def reason(outcomes: list[Outcome]) -> str:
    """Return why the last row was refused; the others were not."""
    assert [one for one in outcomes if one.verb == Verb.REFUSE] == outcomes[-1:]
    return str(outcomes[-1].refusal)


def test_a_list_above_an_imported_one_may_not_have_too_many_targets() -> None:
    alias("all@example.org", "everyone@example.net", *numbered(1, 5))
    alias("everyone@example.net", "team@example.org")
    assert "all@example.org forwards to this address" in reason(
        run([row("team@example.org", *numbered(6, 11))])
    )
    assert not Alias.objects.filter(pk="team@example.org").exists()
    [done] = run([row("team@example.org", *numbered(6, 10))])
    assert done.verb == Verb.CREATE
    assert "all@example.org" in reason(run([row("team@example.org", *numbered(6, 11))]))
    assert run([row("team@example.org", *numbered(6, 9))])[0].verb == Verb.CHANGE


@pytest.mark.parametrize("target", ["team+x@example.org", "TEAM@net.example", "any@example.org"])
def test_a_list_above_is_found_by_whatever_name_it_uses(target: str) -> None:
    name = "@example.org" if target.startswith("any") else "team@example.org"
    rows: list[ImportRow] = [
        AliasDomainRow("line 2", "net.example", "example.org"),
        row("all@example.net", target, *numbered(1, 5)),
        row(name, *numbered(6, 11)),
    ]
    actions.create_domain(TESTER, DomainName.parse("net.example"))
    assert "all@example.net forwards to this address" in reason(run(rows))
    Alias.objects.all().delete()
    AliasDomain.objects.all().delete()
    alias("all@example.net", target, *numbered(1, 5))
    assert "all@example.net forwards to this address" in reason(run([rows[0], rows[2]]))


def test_lists_of_one_import_add_up_whatever_their_order() -> None:
    first, second = (
        row(f"{letter}@example.org", *numbered(start, start + 5))
        for letter, start in (("a", 1), ("b", 6 + 0))
    )
    both = row("all@example.net", "a@example.org", "b@example.org")
    assert "all@example.net forwards to" in reason(run([both, first, second]))
    Alias.objects.all().delete()
    assert "all@example.net would forward to more" in reason(run([first, second, both]))


def test_a_list_that_has_too_many_already_prevents_no_import_below_it() -> None:
    goto = ",".join(["team@example.org", *numbered(1, 11)])
    Alias.objects.create(address="all@example.net", goto=goto, domain_id="example.net")
    assert run([row("team@example.org", *numbered(1, 3))])[0].verb == Verb.CREATE


def test_a_refusal_names_no_list_out_of_reach() -> None:
    alias("all@example.net", "team@example.org", *numbered(1, 5))
    found = run([row("team@example.org", *numbered(6, 11))], DORA)
    assert reason(found).startswith("… forwards to this address")


def test_all_domains_that_the_mail_passes_are_locked() -> None:
    for name in ("one", "two", "three", "xn--mller-kva"):
        actions.create_domain(TESTER, DomainName.parse(f"{name}.example"))
    alias("a@one.example", "a@two.example")
    alias("a@two.example", "a@three.example")
    alias("c@example.net", "a@müller.example")
    passed = {"one.example", "two.example", "three.example"}
    own = {"example.org"}
    assert passed_domains([row("x@example.org", "a@ONE.example", "a@e.example")]) == passed | own
    found = passed_domains([row("x@example.org", "a@müller.example")])
    assert found == own | {"xn--mller-kva.example"}
    alias("b@example.org", "a@example.net")
    forward = AliasDomainRow("line 2", "example.net", "one.example")
    assert passed_domains([forward]) == passed | own | {"example.net"}
    assert passed_domains([DomainRow("line 2", "one.example")]) == set()


def test_nothing_is_saved_if_a_domain_that_the_mail_passes_is_added_meanwhile() -> None:
    planner = Planner(TESTER, ImportOptions())
    rows = [row("x@example.org", "a@new.example")]
    with transaction.atomic(using="mail"):
        planner.load(rows, lock=True)
        plan_rows(planner, rows)
        planner.check_locked()
        actions.create_domain(TESTER, DomainName.parse("new.example"))
        with pytest.raises(Refused, match="changed targets of the aliases in the meantime"):
            planner.check_locked()
    planner.close()


def test_nothing_is_saved_that_comes_to_pass_a_domain_which_is_not_locked() -> None:
    planner = Planner(TESTER, ImportOptions())
    with transaction.atomic(using="mail"):
        rows = [row("x@example.org", "a@example.net")]
        planner.load(rows, lock=True)
        plan_rows(planner, rows)
        del planner.tables.domains["example.net"]
        with pytest.raises(Refused, match="changed targets of the aliases in the meantime"):
            planner.check_locked()
    planner.close()


def test_an_alias_without_its_domain_is_passed_once_an_import_adds_that() -> None:
    Alias.objects.create(address="a@old.example", goto="a@example.net", domain_id="old.example")
    found = run([row("x@example.org", "a@old.example"), DomainRow("line 2", "old.example")])
    assert [one.verb for one in found] == [Verb.CREATE, Verb.CREATE]
    Alias.objects.filter(pk="a@old.example").delete()


def test_an_import_is_not_undone_where_that_would_make_a_loop() -> None:
    alias("a@example.org", "b@example.net")
    rows: list[ImportRow] = [row("a@example.org", "z@e.example")]
    entry = actions.import_rows(TESTER, rows, ImportOptions(updates=True)).entry
    alias("b@example.net", "a@example.org")
    [(name, refusal)] = actions.undo_import(TESTER, entry).refused
    assert (name, refusal.code) == ("a@example.org", "loop")
    assert Alias.objects.get(pk=name).goto == "z@e.example"
    actions.delete_alias(TESTER, Alias.objects.get(pk="b@example.net"))
    assert actions.undo_import(TESTER, entry).done == [name]
    assert Alias.objects.get(pk=name).goto == "b@example.net"
