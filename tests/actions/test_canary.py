"""The canary: a mailbox that is there only while the mail host is examined."""

from datetime import timedelta

from django.utils import timezone

from mailboxes import actions
from mailboxes.actions.canary import PREFIX, alias_of
from mailboxes.models import Alias, Domain, LastLogin, Mailbox, Usage
from tests.conftest import TESTER


def test_what_killed_examinations_left_is_swept_and_the_rest_is_kept(domain: Domain) -> None:
    with actions.canary(TESTER, domain.pk) as (running, _):
        owned = f"{PREFIX}in@{domain.pk}"
        for name in (f"{PREFIX}0123456789ab@{domain.pk}", owned):
            Mailbox.objects.create(username=name, domain_id=domain.pk, maildir=name)
            hour_ago = timezone.now() - timedelta(hours=1)
            Mailbox.objects.filter(pk=name).update(created=hour_ago)
        for name in (f"{PREFIX}gone@{domain.pk}", owned, running.pk, f"anna@{domain.pk}"):
            LastLogin.objects.create(username=name, domain=domain.pk, last_login=1)
            Usage.objects.create(username=name, bytes=1, messages=1)
        assert Alias.objects.get(pk=alias_of(running.pk)).goto == running.pk
        with actions.canary(TESTER, domain.pk) as (second, _):
            kept = set(Mailbox.objects.values_list("pk", flat=True))
            assert kept == {running.pk, second.pk, owned}
            for model in (LastLogin, Usage):
                kept = set(model._default_manager.values_list("pk", flat=True))
                assert kept == {owned, running.pk, f"anna@{domain.pk}"}
    assert list(Mailbox.objects.values_list("pk", flat=True)) == [owned]
    assert not Alias.objects.exists()
    left = set(LastLogin.objects.values_list("pk", flat=True))
    assert left == {owned, f"anna@{domain.pk}"}
