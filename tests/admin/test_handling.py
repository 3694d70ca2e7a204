"""What becomes of mail for an address, in the forms of aliases and mailboxes."""

import pytest
from django.test import Client

from mailboxes import actions
from mailboxes.addresses import Address, CatchAll, DomainName
from mailboxes.audit.models import Subject
from mailboxes.handling import DEFAULT_SENTENCE, DISCARD, Handling, handling_target
from mailboxes.models import Alias, Mailbox
from tests.admin.conftest import ALIAS, MAILBOX, errors, mailbox_form, shown, signed_in
from tests.conftest import TESTER

SENTENCE = "Anna has left. Write to info@example.org."
REFUSED = handling_target(Handling.REFUSED, SENTENCE)
UNCHANGED = {"name": "Anna", "quota_0": "0", "new_password1": "", "new_password2": ""}
URL = f"{MAILBOX}anna@example.org/change/"


def test_an_address_is_refused_discarded_and_forwarded_again(rita: Client, anna: Mailbox) -> None:
    form = {"address_0": "old@example.org", "handling": "refused", "sentence": SENTENCE}
    assert rita.post(f"{ALIAS}add/", form | {"active": "on"}).status_code == 302
    old = Alias.objects.get(pk="old@example.org")
    assert old.goto == REFUSED
    url = f"{ALIAS}old@example.org/change/"
    page = rita.get(url).content.decode()
    assert SENTENCE in page and "refused.invalid" not in page
    assert SENTENCE in rita.get(f"{ALIAS}?kind=handled").content.decode()
    assert rita.post(url, {"handling": "discarded", "active": "on"}).status_code == 302
    old.refresh_from_db()
    assert old.goto == DISCARD
    assert "at least one address" in errors(rita.post(url, {"handling": "delivered", "goto": ""}))
    form = {"handling": "delivered", "goto": anna.pk, "active": "on"}
    assert rita.post(url, form).status_code == 302
    old.refresh_from_db()
    assert old.goto == anna.pk
    assert SENTENCE in rita.get(f"{ALIAS}old@example.org/history/").content.decode()


@pytest.mark.parametrize("sentence", ["Grüße", "50%"])
def test_a_sentence_that_cannot_be_sent_is_refused(
    rita: Client, anna: Mailbox, sentence: str
) -> None:
    form = {"address_0": "old@example.org", "handling": "refused", "sentence": sentence}
    assert "only pass on ASCII" in errors(rita.post(f"{ALIAS}add/", form))
    page = rita.post(URL, UNCHANGED | {"handling": "refused", "sentence": sentence})
    assert "only pass on ASCII" in errors(page)
    assert Alias.objects.get().goto == anna.pk
    delivered = UNCHANGED | {"handling": "delivered", "sentence": sentence}
    assert rita.post(URL, delivered).status_code == 302


def test_forwarding_to_a_refused_address_as_well_is_refused(rita: Client, anna: Mailbox) -> None:
    form = {"address_0": "old@example.org", "goto": f"{REFUSED}\n{anna.pk}"}
    assert "refused or discarded" in errors(rita.post(f"{ALIAS}add/", form))


def test_a_mailbox_becomes_send_only_and_receives_again(rita: Client, anna: Mailbox) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), [anna.pk])
    form = UNCHANGED | {"active": "on", "handling": "refused", "sentence": ""}
    page = rita.post(URL, form, follow=True).content.decode()
    assert "These aliases" in page and "info@example.org" in page
    own = Alias.objects.get(pk=anna.pk)
    assert own.goto == handling_target(Handling.REFUSED, DEFAULT_SENTENCE) and own.active
    assert DEFAULT_SENTENCE in rita.get(URL).content.decode()
    changes = Subject.objects.filter(entry__action="mailbox.change").last()
    assert changes and changes.changes["goto"] == [anna.pk, own.goto]
    assert anna.pk in shown(rita.get(f"{ALIAS}?kind=handled"))
    rita.post(URL, UNCHANGED | {"active": "on"})  # without the field, as a script
    assert Alias.objects.get(pk=anna.pk).goto == own.goto
    rita.post(URL, UNCHANGED | {"active": "on", "handling": "delivered"})
    assert Alias.objects.get(pk=anna.pk).goto == anna.pk


def test_what_a_mailboxs_alias_forwards_to_is_kept_if_mail_is_delivered(
    rita: Client, anna: Mailbox
) -> None:
    Alias.objects.update(goto=f"{anna.pk},x@example.net")
    assert rita.post(URL, UNCHANGED | {"active": "on", "handling": "delivered"}).status_code == 302
    assert Alias.objects.get().goto == f"{anna.pk},x@example.net"


def test_a_new_mailbox_may_be_send_only(rita: Client, anna: Mailbox) -> None:
    form = mailbox_form(handling="refused", sentence=SENTENCE)
    assert rita.post(f"{MAILBOX}add/", form).status_code == 302
    assert Alias.objects.get(pk="carl@example.org").goto == REFUSED


def test_disabling_a_mailbox_names_the_catch_all_that_has_its_mail_then(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    actions.create_alias(TESTER, CatchAll("example.org"), [bob.pk])
    selected = {"action": "disable", "_selected_action": [anna.pk]}
    says = f"@example.org → {bob.pk}"
    assert says in rita.post(MAILBOX, selected).content.decode()
    page = rita.post(f"{MAILBOX}{anna.pk}/set-active/", {"active": "0"}, follow=True)
    assert says in page.content.decode()
    rita.post(URL, UNCHANGED | {"handling": "discarded"})
    assert Alias.objects.get(pk=anna.pk).goto == DISCARD
    assert says not in rita.post(MAILBOX, selected).content.decode()


def test_administrators_of_other_domains_cannot_refuse_mail(anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    client = signed_in("domain", "example.net")
    assert client.post(URL, UNCHANGED | {"handling": "refused"}).status_code == 302
    assert Alias.objects.get().goto == anna.pk
    client = signed_in("domain", "example.org", name="olga")
    assert client.post(URL, UNCHANGED | {"handling": "refused"}).status_code == 302
    assert Alias.objects.get().goto != anna.pk
