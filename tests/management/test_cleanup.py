"""What has expired is deleted, and nothing else."""

import time
from datetime import timedelta
from io import StringIO

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from mailboxes.imports.models import PreparedBatch, PreparedImport
from mailboxes.throttle.models import Counter, KnownClient


def test_only_what_has_expired_is_deleted(tables: None) -> None:
    now, seconds = timezone.now(), int(time.time())
    owner = User.objects.create_user("otto")
    for name, days in (("old", 40), ("new", 0)):
        then = now - timedelta(days=days)
        Session.objects.create(session_key=name, expire_date=then + timedelta(minutes=1))
        Counter.objects.create(bucket=name, attempts=1, started=seconds - days * 86400)
        KnownClient.objects.create(bucket=name, last_sign_in=seconds - days * 86400)
        prepared = PreparedImport.objects.create(owner=owner, file_name=name, created=then)
        for number in range(3):
            PreparedBatch.objects.create(prepared=prepared, number=number)
    output = StringIO()
    call_command("cleanup", stdout=output)
    assert output.getvalue() == (
        "Deleted what has expired: sessions 1, sign-in attempts 2, prepared imports 1.\n"
    )
    for model, column in (
        (Session, "session_key"),
        (Counter, "bucket"),
        (KnownClient, "bucket"),
        (PreparedImport, "file_name"),
    ):
        assert [getattr(row, column) for row in model._default_manager.all()] == ["new"]
    assert PreparedBatch.objects.count() == 3
