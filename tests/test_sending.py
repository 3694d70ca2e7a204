"""Mailboxes whose owners may read mail, but not send it."""

import re
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from mailboxes import sending
from mailboxes.adoption.mark import database_name
from mailboxes.adoption.models import Adoption
from mailboxes.audit.models import Subject
from mailboxes.conf import MailHost, mail_host
from mailboxes.models import Domain, Mailbox
from tests.admin.conftest import MAILBOX, mailbox_form
from tests.export.conftest import HOSTS, texts

URL = f"{MAILBOX}anna@example.org/change/"
UNCHANGED = {"name": "Anna Berg", "quota_0": "0", "active": "on", "handling": "delivered",
             "new_password1": "", "new_password2": ""}  # fmt: skip


@pytest.fixture
def old_table(anna: Mailbox) -> None:
    """An adopted table of PostfixAdmin 3.3, which lacks the column."""
    Adoption.objects.create(
        database=database_name(), product="PostfixAdmin", folder_form="domain/user/",
        quota_multiplier=0, scheme="CRAM-MD5", adopted="2026-01-01T00:00:00Z",
    )  # fmt: skip
    with connections["mail"].cursor() as cursor:
        cursor.execute("ALTER TABLE mailbox DROP COLUMN smtp_active")


def test_a_mailbox_becomes_receive_only_and_sends_again(rita: Client, anna: Mailbox) -> None:
    assert sending.may_send(anna.pk)
    assert rita.post(URL, UNCHANGED | {"receive_only": "on"}).status_code == 302
    assert not sending.may_send(anna.pk)
    changed = Subject.objects.filter(entry__action="mailbox.change").last()
    assert changed and changed.changes == {"may_send": [True, False]}
    assert re.search(r'<input[^>]* name="receive_only"[^>]* checked', page(rita))
    rita.post(URL, {"name": "Anna Berg", "quota_0": "0", "active": "on"})  # as a script
    assert not sending.may_send(anna.pk)
    assert rita.post(URL, UNCHANGED).status_code == 302
    assert sending.may_send(anna.pk)


def page(client: Client) -> str:
    return client.get(URL).content.decode()


def test_a_new_mailbox_may_be_receive_only(rita: Client, domain: Domain) -> None:
    assert rita.post(f"{MAILBOX}add/", mailbox_form(receive_only="on")).status_code == 302
    call_command(
        "createmailbox", "a@example.org", "--generate", "--receive-only", stdout=StringIO()
    )
    call_command("createmailbox", "b@example.org", "--generate", stdout=StringIO())
    found = {name: sending.may_send(f"{name}@example.org") for name in ("carl", "a", "b")}
    assert found == {"carl": False, "a": False, "b": True}


@pytest.mark.usefixtures("old_table")
def test_a_table_without_the_column_is_used_as_before(rita: Client, anna: Mailbox) -> None:
    assert "receive_only" not in page(rita)
    assert rita.post(URL, UNCHANGED | {"name": "Änne", "receive_only": ""}).status_code == 302
    assert Mailbox.objects.get().name == "Änne"
    assert not sending.with_column(mail_host()).has_smtp_active
    with pytest.raises(CommandError, match="can't store that a mailbox is receive-only"):
        call_command("createmailbox", "a@example.org", "--generate", "--receive-only")
    assert Mailbox.objects.count() == 1
    with connections["mail"].cursor() as cursor:
        cursor.execute("ALTER TABLE mailbox ADD COLUMN smtp_active bool NOT NULL DEFAULT 1")
    assert "receive_only" in page(rita)
    assert sending.with_column(mail_host()).has_smtp_active


@pytest.mark.parametrize("name", HOSTS)
def test_the_configuration_uses_the_column_only_where_it_exists(name: str) -> None:
    host, checks = HOSTS[name], {"etc/dovecot/mailadmin-sql.conf.ext"}
    if host.variant.name == "v1":
        checks = {"etc/pam.d/smtp"}
    if host.database.engine == "mysql":
        checks |= {"auth.cf", "grants.sql"}
    assert files_with_column(host) == checks
    assert not files_with_column(replace(host, has_smtp_active=False))


def files_with_column(host: MailHost) -> set[str]:
    return {path for path, text in texts(host).items() if "smtp_active" in text}
