"""Adopting a mail database changes the panel's own database, and says so in the log."""

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pytest_django import Settings

from mailboxes import actions
from mailboxes.access.roles import Role
from mailboxes.access.scope import Scope
from mailboxes.actions.imports.outcomes import ImportOptions
from mailboxes.actions.imports.rows import MailboxRow
from mailboxes.addresses import Address
from mailboxes.adoption.mark import FOLDER_FORMS, find_adoption, host_warning
from mailboxes.adoption.models import Adoption
from mailboxes.audit.actors import ADMINISTRATOR, COMMAND, OWNER, Actor
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.inspection.changed_here import changed_passwords
from mailboxes.inspection.choice import check_quota_multiplier, choose_folder_form
from mailboxes.inspection.rows import Rows
from mailboxes.models import Domain, Mailbox
from mailboxes.variants import V2
from tests.conftest import PASSWORD, TESTER, logged
from tests.hashes import CRAM, MD5

RITA = Actor(COMMAND, "rita", "pytest", TESTER.scope)


def adopt(actor: Actor = RITA, form: str = "user@domain/") -> Adoption:
    return actions.adopt_database(actor, "PostfixAdmin 4.0", form, 1024000, "CRAM-MD5")


def test_an_adoption_is_remembered_and_forgotten(tables: None) -> None:
    adopted = adopt()
    assert find_adoption() == adopted
    with pytest.raises(Refused, match="has already been adopted"):
        adopt()
    assert actions.forget_adoption(RITA) == adopted
    assert find_adoption() is None
    with pytest.raises(Refused, match="hasn't been adopted"):
        actions.forget_adoption(RITA)
    assert [entry[1] for entry in logged()] == ["maildatabase.adopt", "maildatabase.forget"]


@pytest.mark.parametrize(
    ("before", "now", "warns"),
    [
        ("", "127.0.0.1", False),
        ("/run/mysqld/mysqld.sock", "localhost", False),
        ("db1", "db1", False),
        ("db1", "db2", True),
        ("db1", "localhost", True),
    ],
)
def test_another_server_with_a_database_of_that_name_is_warned_of(
    tables: None,
    on_mysql: None,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    now: str,
    warns: bool,
) -> None:
    monkeypatch.setitem(settings.DATABASES["mail"], "HOST", before)
    assert host_warning(adopt()) == ""
    monkeypatch.setitem(settings.DATABASES["mail"], "HOST", now)
    found = find_adoption()
    assert found and (f"{now}:3306" in host_warning(found)) == warns


@pytest.mark.parametrize("role", [Role.DOMAIN_ADMINISTRATOR, Role.HELPDESK, Role.AUDITOR])
def test_only_superusers_adopt_and_forget(tables: None, role: Role) -> None:
    actor = Actor(ADMINISTRATOR, "doris", "", Scope.of_role(role, None))
    with pytest.raises(Refused, match="Your role doesn't allow this"):
        adopt(actor)
    adopt()
    with pytest.raises(Refused, match="Your role doesn't allow this"):
        actions.forget_adoption(actor)
    assert find_adoption()


@pytest.mark.parametrize(
    ("form", "maildir"),
    [
        ("", "example.org/anna/"),
        ("domain/user/", "example.org/anna/"),
        ("user@domain/", "anna@example.org/"),
        ("domain/user@domain/", "example.org/anna@example.org/"),
        ("/srv/%d/%1n/%n/", "/srv/example.org/a/anna/"),
    ],
)
def test_new_mailboxes_have_the_folders_of_the_others(
    domain: Domain, form: str, maildir: str
) -> None:
    if form:
        adopt(form=form)
    anna = actions.create_mailbox(TESTER, Address.parse("anna@example.org"), PASSWORD)
    assert anna.maildir == maildir


def test_the_most_common_form_of_folders_is_chosen() -> None:
    rows = Rows()
    assert choose_folder_form(rows) == next(iter(FOLDER_FORMS))
    for form in ("domain/user/", "user@domain/", "user@domain/"):
        rows.folders[form].add("x")
    assert choose_folder_form(rows) == "user@domain/"
    for _ in range(3):
        rows.folders["mbox"].add("x")
    assert choose_folder_form(rows, "domain/user/") == "domain/user/"
    assert choose_folder_form(rows, "vmail/%d/%n/") == "vmail/%d/%n/"
    with pytest.raises(Refused, match="of the form “mbox”"):
        choose_folder_form(rows)
    for _ in range(4):
        rows.folders["%d/%1n/%n/"].add("x")
    assert choose_folder_form(rows) == "%d/%1n/%n/"


@pytest.mark.parametrize(
    "form",
    ["mbox", "%d/%n", "%d/", "%n/", "../%u/", "%u//", "a b/%u/", "%h/%u/", "x" * 99 + "/%u/"],
)
def test_a_form_that_new_folders_cannot_have_is_refused(form: str) -> None:
    with pytest.raises(Refused, match="can't be the form of new folders"):
        choose_folder_form(Rows(), form)
    with pytest.raises(CommandError, match="can't be the form of new folders"):
        call_command("adopt", "--confirm", "--folders", form)


def test_new_folders_are_where_the_mail_host_looks(domain: Domain, settings: Settings) -> None:
    settings.MAIL_LOCATION = "maildir:/var/vmail/%u/Maildir"
    anna = actions.create_mailbox(TESTER, Address.parse("anna@example.org"), PASSWORD)
    assert anna.maildir == "anna@example.org/"
    adopt(form="domain/user/")
    bob = actions.create_mailbox(TESTER, Address.parse("bob@example.org"), PASSWORD)
    assert bob.maildir == "example.org/bob/"


def test_another_quota_multiplier_than_that_of_the_rows_is_refused() -> None:
    rows = Rows()
    assert check_quota_multiplier(rows) == 1024000
    rows.units.update({1024000: 2, 1048576: 1})
    assert check_quota_multiplier(rows) == 1024000
    rows.units[1048576] = 3
    with pytest.raises(Refused, match="a multiple of 1048576"):
        check_quota_multiplier(rows)


def test_passwords_that_were_set_here_are_found_unless_postfixadmin_reads_them(
    anna: Mailbox, bob: Mailbox
) -> None:
    adopted = adopt()
    assert list(changed_passwords(adopted)) == []
    anna.name = "Anna"
    actions.change_mailbox(TESTER, anna)
    for mailbox, scheme in ((bob, "CRAM-MD5"), (bob, "SCRAM-SHA-256")):
        actions.change_password(TESTER, mailbox, f"another {scheme}", V2.schemes[scheme])
    new = actions.create_mailbox(TESTER, Address.parse("new@example.org"), PASSWORD)
    actions.change_password(TESTER, new, PASSWORD + " again", V2.schemes["SHA512-CRYPT"])
    (found,) = changed_passwords(adopted)
    assert (found.address, found.form, found.settings) == (bob.pk, "{SCRAM-SHA-256}", "no setting")


def test_passwords_that_were_imported_are_listed_as_set_here(anna: Mailbox, bob: Mailbox) -> None:
    adopted = adopt()
    changes = (
        MailboxRow("1", anna.pk, stored=f"{{CRAM-MD5}}{CRAM}"),
        MailboxRow("2", bob.pk, name="Robert"),
    )
    rows = [*changes, MailboxRow("3", "new@example.org", stored=f"{{CRAM-MD5}}{CRAM}")]
    actions.import_rows(TESTER, rows, ImportOptions(updates=True))
    assert [found.address for found in changed_passwords(adopted)] == [anna.pk, "new@example.org"]


def test_a_password_that_took_the_scheme_at_a_sign_in_is_listed_as_set_here(anna: Mailbox) -> None:
    adopted = adopt()
    Mailbox.objects.update(password=MD5)
    anna.refresh_from_db()
    owner = Actor(OWNER, anna.pk, "", Scope.of_owner(anna.pk))
    assert actions.rehash_password(owner, anna, "foo", mail_host())
    assert [found.form for found in changed_passwords(adopted)] == ["{CRAM-MD5}"]
