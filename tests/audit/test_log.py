"""Each action is logged before and after it, without passwords, or does not happen."""

import pytest
from django.db import DatabaseError, connections
from django.test.utils import CaptureQueriesContext

from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.audit import chain, wording
from mailboxes.audit.actors import COMMAND, Actor
from mailboxes.audit.entries import OPEN, of_object, read, visible
from mailboxes.audit.log import recorded, subject
from mailboxes.audit.models import Entry, Head, OpenEntry, Phase, Subject
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.models import Alias, Domain, Mailbox
from tests.conftest import PASSWORD, TESTER

pytestmark = pytest.mark.logged_fixtures


def phases() -> list[str]:
    return list(Entry.objects.order_by("seq").values_list("phase", flat=True))


@pytest.mark.finding("log-gap")
def test_an_entry_is_begun_before_the_change_and_completed_after_it(tables: None) -> None:
    with recorded(TESTER, "test.change", subject("test", "x")):
        assert phases() == ["begun"] and OpenEntry.objects.count() == 1
    assert phases() == ["begun", "done"] and not OpenEntry.objects.exists()


def test_a_refusal_is_logged_with_its_reason(tables: None) -> None:
    with pytest.raises(Refused), recorded(TESTER, "test.change", subject("test", "x")):
        raise Refused("No, “%(name)s” is taken.", {"name": "x"})
    [logged] = read(list(visible()))
    assert (logged.outcome, wording.outcome(logged)) == (
        Phase.REFUSED,
        "refused: No, “x” is taken.",
    )


def test_a_text_that_no_database_can_store_is_logged_escaped(tables: None) -> None:
    changed = subject("test", "x\udcff", "y\udcff", {"description": [None, "z\udcff"]})
    with (
        pytest.raises(Refused),
        recorded(Actor(COMMAND, "u\udcff", "c\udcff"), "test.change", changed),
    ):
        raise Refused("No, “%(name)s” is not a text.", {"name": "\udcff"})
    [logged] = read(list(visible()))
    entry, stored = logged.entry, Subject.objects.get()
    assert (entry.actor, entry.client, stored.name) == (r"u\udcff", r"c\udcff", r"x\udcff")
    assert (stored.domain, stored.changes) == (r"y\udcff", {"description": [None, r"z\udcff"]})
    assert wording.outcome(logged) == r"refused: No, “\udcff” is not a text."
    assert chain.verify() is None


def test_a_failure_leaves_the_entry_open(tables: None) -> None:
    with pytest.raises(DatabaseError), recorded(TESTER, "test.change", subject("test", "x")):
        raise DatabaseError("gone")
    [logged] = read(list(visible()))
    assert logged.outcome == OPEN and OpenEntry.objects.get().pk == logged.entry.seq


@pytest.mark.finding("log-gap")
def test_nothing_is_changed_if_the_log_cannot_be_written(anna: Mailbox) -> None:
    Head.objects.update(seq=0)  # the next line's key is taken
    with pytest.raises(DatabaseError):
        actions.set_active(TESTER, anna, False)
    assert Mailbox.objects.get().active


def test_values_are_never_cut(domain: Domain) -> None:
    first = [f"target{number:02}@long-name.example" for number in range(14)]
    alias = actions.create_alias(TESTER, Address.parse("all@example.org"), first)
    actions.change_alias(TESTER, alias, [*first[:-1], "other@long-name.example"])
    changes = Subject.objects.filter(model="alias").order_by("pk").last().changes  # type: ignore[union-attr]
    assert changes["goto"] == [",".join(first), ",".join([*first[:-1], "other@long-name.example"])]


@pytest.mark.finding("password-in-log")
def test_no_password_and_no_hash_is_in_the_log(domain: Domain) -> None:
    anna = actions.create_mailbox(TESTER, Address.parse("anna@example.org"), PASSWORD)
    actions.change_password(TESTER, anna, f"{PASSWORD} of Anna", mail_host().scheme)
    everything = str([*Entry.objects.values(), *Subject.objects.values()])
    assert PASSWORD not in everything and Mailbox.objects.get().password not in everything
    assert Subject.objects.order_by("pk").last().changes == {"password": []}  # type: ignore[union-attr]


def test_an_entry_survives_its_object(anna: Mailbox) -> None:
    actions.delete_mailbox(TESTER, anna)
    assert not Alias.objects.exists()
    verbs = [entry.action for entry in of_object("mailbox", "anna@example.org")]
    assert verbs == ["mailbox.delete", "mailbox.create"]


def test_the_head_moves_with_each_line(anna: Mailbox) -> None:
    last = Entry.objects.order_by("-seq").first()
    assert last and str(Head.objects.get()) == f"{last.seq}:{last.mac}"
    assert chain.verify() is None


def test_a_page_of_the_log_takes_five_queries(anna: Mailbox) -> None:
    with CaptureQueriesContext(connections["default"]) as queries:
        read(list(visible()[:8]))
    assert len(queries) == 5
