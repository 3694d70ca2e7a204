"""The migration copies the stock admin's entries into the log."""

import json

import pytest
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from mailboxes.audit import chain
from mailboxes.audit.entries import of_object, read
from mailboxes.models import Mailbox


@pytest.mark.django_db(transaction=True, databases=["default", "mail"])
def test_the_stock_admins_entries_are_carried_over_once() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("audit", "0001_initial")])
    rita = User.objects.create_user("rita")
    kind = ContentType.objects.get_for_model(Mailbox)
    message = json.dumps([{"changed": {"fields": ["Quota"]}, "values": {"Quota": [1, 2]}}])
    for flag, text in ((CHANGE, message), (DELETION, "")):
        LogEntry.objects.create(
            user=rita,
            content_type=kind,
            object_id="anna@example.org",
            object_repr="anna@example.org",
            action_flag=flag,
            change_message=text,
        )
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("audit"))
    rita.delete()
    found = read(list(of_object("mailbox", "anna@example.org")), ["anna@example.org"])
    assert [(logged.entry.actor, logged.entry.action) for logged in found] == [
        ("rita", "mailbox.delete"),
        ("rita", "mailbox.change"),
    ]
    assert found[1].first and found[1].first.changes == {"Quota": [1, 2]}
    assert chain.verify() is None
