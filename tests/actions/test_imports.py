"""Importing rows: planned first, written in batches, taken back as a whole."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from pytest_django import Settings

from mailboxes import actions
from mailboxes.access.scope import EVERYTHING, Scope
from mailboxes.actions import undoing
from mailboxes.actions.imports import importing
from mailboxes.actions.imports.outcomes import ImportOptions, Outcome, Verb
from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
    Unreadable,
)
from mailboxes.addresses import Address
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.audit.models import Entry, OpenEntry, Phase, Subject
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.conftest import PASSWORD, logged
from tests.hashes import CRAM, MD5

STORED = f"{{CRAM-MD5}}{CRAM}"
RITA = Actor(ADMINISTRATOR, "rita", "", EVERYTHING)
DORA = Actor(ADMINISTRATOR, "dora", "", Scope.of_role("domain", ["example.org"]))
UPDATE = ImportOptions(updates=True)
ROWS: list[ImportRow] = [
    DomainRow("line 2", "example.net", "Net", 5, 7, 10_240_000, True),
    MailboxRow("line 3", "Carl@example.net", "Carl", 10_240_000, True, PASSWORD),
    MailboxRow("line 4", "dora@example.net", quota=10_240_000, active=False, stored=STORED),
    AliasRow("line 5", "@example.net", ("carl@example.net", "x@example.edu")),
    AliasRow("line 6", "carl@example.net", ("carl@example.net", "y@example.edu")),
    AliasDomainRow("line 7", "example.org", "example.net"),
]


def plan(rows: list[ImportRow], actor: Actor = RITA, **options: bool) -> list[Outcome]:
    return list(actions.plan_import(actor, rows, ImportOptions(**options)))


def run(rows: list[ImportRow], actor: Actor = RITA, continues: int = 0, **options: bool) -> Any:
    return actions.import_rows(actor, rows, ImportOptions(**options), continues)


def verbs(outcomes: list[Outcome]) -> str:
    return " ".join(outcome.verb for outcome in outcomes)


def reason(rows: list[ImportRow], actor: Actor = RITA, **options: bool) -> str:
    """Return why the last row is refused, by the plan and by the import alike."""
    planned, done = plan(rows, actor, **options)[-1], run(rows, actor, **options).outcomes[-1]
    assert planned.verb == done.verb == Verb.REFUSE
    assert str(planned.refusal) == str(done.refusal)
    return str(done.refusal)


def tables() -> list[Any]:
    models = (Domain, Mailbox, Alias, AliasDomain)
    dates = ("created", "modified", "password_expiry")
    return [
        {name: value for name, value in row.items() if name not in dates}
        for model in models
        for row in model._default_manager.order_by("pk").values()
    ]


def test_a_plan_writes_nothing_and_the_import_does_what_it_says(domain: Domain) -> None:
    before = tables()
    planned = plan(ROWS)
    assert tables() == before and logged() == []
    assert verbs(planned) == verbs(run(ROWS).outcomes) == "create " * 5 + "create"
    carl, dora = Mailbox.objects.order_by("pk")
    assert carl.check_password(PASSWORD) and carl.maildir == "example.net/carl/"
    assert dora.password == STORED and not dora.active
    assert not Alias.objects.get(pk=dora.pk).active
    assert Alias.objects.get(pk=carl.pk).targets == [carl.pk, "y@example.edu"]
    net = Domain.objects.get(pk="example.net")
    assert (net.maxquota, net.mailboxes, net.aliases) == (10, 5, 7)


def test_a_second_import_changes_nothing(domain: Domain) -> None:
    run(ROWS)
    before = tables()
    again = run(ROWS, updates=True)
    assert verbs(again.outcomes) == " ".join(["keep"] * 6)
    assert tables() == before and again.entry == 0
    assert len(logged("mailbox.import")) == 6


def test_existing_rows_are_left_unless_updates_are_wanted(anna: Mailbox) -> None:
    rows: list[ImportRow] = [MailboxRow("line 2", anna.pk, "Anna Kunz", 2**30, False, "", STORED)]
    [left] = run(rows).outcomes
    assert left.verb == Verb.KEEP and "left as it is" in str(left.note)
    [changed] = run(rows, updates=True).outcomes
    assert changed.verb == Verb.CHANGE
    assert (
        changed.changes["name"] == ["Anna Berg", "Anna Kunz"] and changed.changes["password"] == []
    )
    anna.refresh_from_db()
    assert (anna.name, anna.quota, anna.active, anna.password) == (
        "Anna Kunz",
        2**30,
        False,
        STORED,
    )
    assert not Alias.objects.get(pk=anna.pk).active


def test_a_password_comes_back_from_the_plan_as_a_hash_only(domain: Domain) -> None:
    row = MailboxRow("line 2", "carl@example.org", password=PASSWORD)
    [hashed] = actions.plan_import(RITA, [row], ImportOptions(), hashes=True)
    assert isinstance(hashed.row, MailboxRow) and not hashed.row.password
    run([hashed.row])
    assert Mailbox.objects.get(pk="carl@example.org").check_password(PASSWORD)


def test_a_weak_password_is_refused_without_being_told(domain: Domain) -> None:
    text = reason([MailboxRow("line 2", "carl@example.org", password="secret")])
    assert "too short" in text and "secret" not in text
    assert not Mailbox.objects.exists()


def test_a_hash_that_the_host_cannot_verify_is_not_imported(
    domain: Domain, settings: Settings
) -> None:
    settings.MAIL_RELEASE = "debian13"
    [outcome] = run([MailboxRow("line 2", "carl@example.org", stored=MD5)]).outcomes
    assert outcome.verb == Verb.CREATE and "can't verify the hash (PLAIN-MD5)" in str(outcome.note)
    assert Mailbox.objects.get().password == ""
    settings.MAIL_ALLOW_WEAK_SCHEMES = True
    run([MailboxRow("line 2", "dora@example.org", stored=MD5)])
    assert Mailbox.objects.get(pk="dora@example.org").password == MD5


def test_a_hash_that_v1_only_reads_for_a_while_is_imported(
    domain: Domain, settings: Settings
) -> None:
    settings.MAIL_VARIANT, settings.MAIL_PASSWORD_SCHEME = "v1", "SHA512-CRYPT"
    [outcome] = run([MailboxRow("line 2", "carl@example.org", stored=MD5)]).outcomes
    assert "can't verify the hash (PLAIN-MD5)" in str(outcome.note)
    settings.MAIL_ALLOW_WEAK_SCHEMES = True
    run([MailboxRow("line 2", "dora@example.org", stored=MD5)])
    assert Mailbox.objects.get(pk="dora@example.org").password == MD5


def test_missing_domains_are_added_on_request(tables: None) -> None:
    row = MailboxRow("line 2", "carl@example.net", stored=STORED)
    assert "example.net doesn't exist here" in reason([row])
    assert verbs(run([row], creates_domains=True).outcomes) == "create create"
    assert Domain.objects.filter(pk="example.net").exists()


def test_no_domain_is_added_for_a_row_that_is_refused(tables: None) -> None:
    row = MailboxRow("line 2", "carl@example.net", password="short")
    assert "too short" in reason([row], creates_domains=True)
    assert not Domain.objects.exists()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (MailboxRow("", "carl"), "not a valid email address"),
        (MailboxRow("", "info@example.org", stored=STORED), "already taken by an alias"),
        (MailboxRow("", "carl@example.org", maildir="a/../../b/"), "outside of the folder"),
        (MailboxRow("", "carl@example.org", name="a\x07"), "contains control characters"),
        (AliasRow("", "i@example.org", ("|/bin/sh",)), "not a valid email address"),
        (AliasRow("", "i@example.org", ("i@example.org",)), "only forward to itself"),
        (AliasRow("", "anna@example.org", ("x@a.org",), False), "the mailbox's own alias"),
        (AliasDomainRow("", "example.net", "example.org"), "doesn't exist here"),
        (AliasDomainRow("", "example.org", "example.org"), "can't forward to itself"),
        (DomainRow("", "mail"), "not a valid domain name"),
        (DomainRow("", "mail.example.test"), "the mail host's own names"),
        (Unreadable("", "x", "It has %(n)s cells.", {"n": "3"}), "It has 3 cells."),
    ],
)
def test_what_cannot_be_imported_is_refused(anna: Mailbox, row: ImportRow, sentence: str) -> None:
    Alias.objects.create(pk="info@example.org", goto=anna.pk, domain=anna.domain)
    assert sentence in reason([row])


def test_limits_hold_within_an_import(domain: Domain) -> None:
    Domain.objects.update(mailboxes=1, aliases=1, quota=10)
    first: list[ImportRow] = [MailboxRow("1", "a@example.org", quota=6_000_000, stored=STORED)]
    second = MailboxRow("2", "b@example.org", quota=1_000_000, stored=STORED)
    assert "mailbox limit (1)" in reason([*first, second])
    Domain.objects.update(mailboxes=0)
    big = MailboxRow("3", "c@example.org", quota=6_000_000, stored=STORED)
    assert "left of its total quota" in reason([*first, big])
    aliases: list[ImportRow] = [
        AliasRow(name, f"{name}@example.org", ("x@example.edu",)) for name in ("i", "j")
    ]
    assert "alias limit (1)" in reason(aliases)


def test_an_address_may_occur_only_once(domain: Domain) -> None:
    rows: list[ImportRow] = [
        MailboxRow(f"line {number}", address, stored=STORED)
        for number, address in ((2, "carl@example.org"), (3, "CARL@example.org"))
    ]
    assert "already occurs earlier (line 2)" in reason(rows)


def test_all_or_nothing(domain: Domain) -> None:
    rows: list[ImportRow] = [MailboxRow("1", "a@example.org", stored=STORED), MailboxRow("2", "b")]
    with pytest.raises(Refused, match="Nothing was imported. Refused rows: 1."):
        run(rows, is_whole=True)
    assert not Mailbox.objects.exists() and not logged()


def test_a_domain_administrator_stays_in_the_own_domains(anna: Mailbox) -> None:
    run([DomainRow("1", "example.net"), MailboxRow("2", "x@example.net", stored=STORED)])
    for row in (
        MailboxRow("1", "carl@example.net", stored=STORED),
        MailboxRow("1", "x@example.net", stored=STORED),
        AliasRow("1", "i@example.net", ("x@example.edu",)),
        DomainRow("1", "example.net"),
        AliasDomainRow("1", "example.org", "example.net"),
    ):
        assert "not one of your domains" in reason([row], DORA, updates=True)
    assert "doesn't allow this" in reason([DomainRow("1", "example.org", "x")], DORA, updates=True)
    text = reason([MailboxRow("1", "a@new.example", stored=STORED)], DORA, creates_domains=True)
    assert "not one of your domains" in text or "doesn't allow this" in text
    assert verbs(run([MailboxRow("1", "b@example.org", stored=STORED)], DORA).outcomes) == "create"


def test_other_roles_import_nothing(domain: Domain) -> None:
    otto = Actor(ADMINISTRATOR, "otto", "", Scope.of_role("helpdesk", ["example.org"]))
    for action in (plan, run):
        with pytest.raises(Refused, match="doesn't allow this"):
            action([MailboxRow("1", "b@example.org", stored=STORED)], otto)


def test_an_import_is_undone_as_a_whole(anna: Mailbox) -> None:
    before = tables()
    change = MailboxRow("1", anna.pk, "Anna Kunz", 2**30, False)
    first = run([*ROWS, change], updates=True)
    second = run(
        [MailboxRow("9", "eva@example.net", quota=1, stored=STORED)], continues=first.entry
    )
    assert second.entry == first.entry
    result = actions.undo_import(RITA, first.entry)
    assert result.refused == [] and len(result.done) == 8
    assert tables() == before
    assert actions.undo_import(RITA, first.entry).refused[0][0] == anna.pk


def test_an_import_is_undone_in_several_calls(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables()
    entry = run(ROWS[:3]).entry
    run(ROWS[3:], continues=entry)
    monkeypatch.setattr(undoing, "IMPORTED", 2)
    after, continues, done = 0, 0, list[str]()
    for _ in range(3):
        result = actions.undo_import(RITA, entry, after, continues)
        assert result.refused == []
        after, continues, done = result.following, result.entry, done + result.done
    assert after == 0 and done[0] == "example.org" and done[-1] == "example.net"
    assert tables() == before
    assert actions.undo_import(RITA, entry, 2**63 - 1).done == []


def test_what_was_changed_since_the_import_is_kept(domain: Domain) -> None:
    entry = run(ROWS).entry
    Mailbox.objects.filter(pk="dora@example.net").update(name="Dora")
    result = actions.undo_import(RITA, entry)
    assert [name for name, _ in result.refused] == ["dora@example.net", "example.net"]
    assert Mailbox.objects.get().pk == "dora@example.net"


def test_an_old_password_is_not_brought_back(anna: Mailbox) -> None:
    entry = run([MailboxRow("1", anna.pk, "Eva", stored=STORED)], updates=True).entry
    [(name, error)] = actions.undo_import(RITA, entry).refused
    anna.refresh_from_db()
    assert name == anna.pk and "isn't known any more" in str(error)
    assert anna.name == "Anna Berg" and anna.password == STORED


def test_only_what_is_in_reach_is_undone(domain: Domain) -> None:
    entry = run(ROWS).entry
    result = actions.undo_import(DORA, entry)
    assert [name for name, _ in result.refused] == ["example.org"]  # and nothing of other domains
    assert Mailbox.objects.count() == 2
    with pytest.raises(Refused, match="is not an import"):
        actions.undo_import(DORA, 999)


def test_nothing_of_a_password_is_logged(domain: Domain) -> None:
    run(ROWS)
    text = repr([subject.changes for subject in Subject.objects.all()])
    assert PASSWORD not in text and CRAM not in text


def test_values_are_stored_as_they_were_read(domain: Domain) -> None:
    names = ["O'Brien", '"a" \\ %s', "\\' -- ;", "Jörg 😀", ""]
    rows: list[ImportRow] = [
        MailboxRow(str(place), f"o'{place}@example.org", name, stored=STORED)
        for place, name in enumerate(names)
    ]
    run(rows)
    assert [mailbox.name for mailbox in Mailbox.objects.order_by("pk")] == names
    subjects = Subject.objects.filter(entry__action="mailbox.import").order_by("pk")
    assert [one.changes["name"] for one in subjects] == [[None, name] for name in names]
    assert Alias.objects.get(pk="o'0@example.org").goto == "o'0@example.org"


def test_nothing_is_imported_that_cannot_be_logged(domain: Domain) -> None:
    last = Entry.objects.first()
    Entry.objects.create(seq=last.seq + 1 if last else 1, at=domain.created)  # its key is taken
    with pytest.raises(Refused):
        run(ROWS)
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_a_folder_of_others_is_only_for_superusers(anna: Mailbox) -> None:
    row = MailboxRow("1", "eve@example.org", stored=STORED, maildir="example.net/carl/")
    assert "Only superusers can import folders other than “example.org/eve/”" in reason([row], DORA)
    run([row])
    assert Mailbox.objects.get(pk="eve@example.org").maildir == "example.net/carl/"


def test_a_mailbox_of_a_disabled_domain_is_imported(domain: Domain) -> None:
    Domain.objects.update(active=False)
    assert verbs(run([MailboxRow("1", "a@example.org", stored=STORED)]).outcomes) == "create"


def many(number: int) -> list[ImportRow]:
    """Return rows for several batches: mailboxes, then further targets of the first of them."""
    rows: list[ImportRow] = [
        MailboxRow(f"line {n}", f"u{n}@example.org", stored=STORED) for n in range(number)
    ]
    return [*rows, AliasRow("last", "u0@example.org", ("u0@example.org", "x@example.edu"))]


def test_batches_of_one_import_know_of_each_other(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 4)
    rows = [*many(5), MailboxRow("again", "U1@example.org", stored=STORED)]
    planned = plan(rows)
    done = list(actions.run_import(RITA, lambda: rows, ImportOptions()))
    outcomes = [outcome for result in done for outcome in result.outcomes]
    assert verbs(planned) == verbs(outcomes) == "create " * 6 + "refuse"
    assert "already occurs earlier (line 1)" in str(outcomes[-1].refusal)
    assert Alias.objects.get(pk="u0@example.org").targets == ["u0@example.org", "x@example.edu"]
    assert len({result.entry for result in done}) == 1
    actions.undo_import(RITA, done[0].entry)
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_passwords_of_the_next_batch_are_begun_before_one_is_imported(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    begun: list[int] = []

    def mapper(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterable[Any]:
        begun.append(Mailbox.objects.count())
        return map(function, tasks)

    rows = [
        MailboxRow(
            f"line {place}", f"u{place}@example.org", password=f"four unrelated words {place}"
        )
        for place in range(5)
    ]
    for _result in actions.run_import(RITA, lambda: rows, ImportOptions(), mapper):
        pass
    assert begun == [0, 0, 2]
    assert all(each.check_password(f"four unrelated words {each.local_part[1:]}")
               for each in Mailbox.objects.all())  # fmt: skip
    assert Mailbox.objects.count() == 5


def test_a_later_request_knows_what_an_earlier_one_has_added(domain: Domain) -> None:
    first, last = many(2)[:-1], many(2)[-1:]
    entry = run(first).entry
    assert verbs(run(last, continues=entry).outcomes) == "create"
    assert Alias.objects.get(pk="u0@example.org").targets == ["u0@example.org", "x@example.edu"]


def test_all_or_nothing_holds_across_batches(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    options, rows = ImportOptions(is_whole=True), many(5)
    with pytest.raises(Refused, match="Refused rows: 1"):
        list(actions.run_import(RITA, lambda: [*rows, MailboxRow("x", "x")], options))
    broken_off = actions.run_import(RITA, lambda: rows, options)
    next(broken_off)
    broken_off.close()
    assert not Mailbox.objects.exists() and not OpenEntry.objects.exists()
    phases = Entry.objects.filter(action="mailbox.import").order_by("seq")
    assert list(phases.values_list("phase", flat=True)) == [Phase.BEGUN, Phase.REFUSED]
    list(actions.run_import(RITA, lambda: rows, options))
    assert Mailbox.objects.count() == 5


def test_quotas_are_whole_megabytes_of_an_adopted_database(domain: Domain) -> None:
    actions.adopt_database(RITA, "PostfixAdmin 4.0", "domain/user/", 1_024_000, "CRAM-MD5")
    for number, quota in enumerate((10_485_760, 10_240_000, 0, -1)):
        run([MailboxRow("1", f"u{number}@example.org", quota=quota, stored=STORED)])
    quotas = Mailbox.objects.order_by("pk").values_list("quota", flat=True)
    assert list(quotas) == [11 * 1_024_000, 10_240_000, 0, -1]


@pytest.mark.parametrize("updates", [False, True])
def test_a_loop_in_the_file_or_with_the_tables_is_refused(bob: Mailbox, updates: bool) -> None:
    actions.create_alias(RITA, Address.parse("old@example.org"), ["new@example.org"])
    rows: list[ImportRow] = [
        AliasRow("line 2", "new@example.org", ("old@example.org",)),
        AliasRow("line 3", "a@example.org", ("b@example.org",)),
        AliasRow("line 4", "b@example.org", ("c@example.org", "x@example.edu")),
        AliasRow("line 5", "c@example.org", ("a@example.org",), active=False),
        AliasRow("line 6", "d@example.org", tuple(f"x{n}@example.edu" for n in range(1001))),
        AliasRow("line 7", "bob@example.org", ("bob@example.org", "b@example.org")),
        AliasRow("line 8", "@example.org", ("bob@example.org",)),
    ]
    expected = f"refuse create create create refuse {'change' if updates else 'keep'} create"
    assert verbs(plan(rows, updates=updates)) == expected
    assert verbs(run(rows, updates=updates).outcomes) == expected
    again = AliasRow("line 2", "c@example.org", ("a@example.org",), active=True)
    planned = plan([again], updates=updates)
    assert verbs(planned) == ("refuse" if updates else "keep")
    assert "→" in str(planned[0].refusal) or not updates


def test_an_alias_domain_that_completes_a_loop_is_refused(domain: Domain) -> None:
    rows: list[ImportRow] = [
        DomainRow("line 2", "example.net"),
        DomainRow("line 3", "example.edu"),
        AliasRow("line 4", "a@example.org", ("a@example.net",)),
        AliasDomainRow("line 5", "example.net", "example.org", active=False),
    ]
    assert verbs(run(rows).outcomes) == "create create create create"
    assert "loop" in reason([AliasDomainRow("line 2", "example.net", "example.org", active=True)],
                            updates=True)  # fmt: skip
    assert verbs(plan([AliasDomainRow("line 2", "example.edu", "example.org")])) == "create"
