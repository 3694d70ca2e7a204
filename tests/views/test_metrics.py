"""/metrics: for those who know the token, in Prometheus's format."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from mailboxes import metrics
from mailboxes.audit.log import log_event
from mailboxes.deployment.models import Export, LastExamination
from mailboxes.health import HEALTH
from mailboxes.models import Mailbox
from tests.conftest import TESTER, forget_lookups

TOKEN = "geheim-geheim"


def read(client: Client, token: str = TOKEN) -> dict[str, float]:
    answer = client.get("/metrics", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return {
        f"{one.name}{''.join(f' {value}' for _, value in sorted(one.labels.items()))}": one.value
        for family in text_string_to_metric_families(answer.content.decode())
        for one in family.samples
    }


@pytest.mark.parametrize(
    ("token", "sent"), [("", ""), ("", "Bearer "), (TOKEN, "Bearer wrong"), (TOKEN, "")]
)
def test_without_the_token_there_is_no_such_page(
    rita: Client, settings: Settings, token: str, sent: str
) -> None:
    settings.METRICS_TOKEN = token
    assert rita.get("/metrics", headers={"authorization": sent}).status_code == 404


def test_requests_sign_ins_and_states_are_told(
    anna: Mailbox, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HEALTH, "asked", float("inf"))  # only this connection sees the tables
    settings.METRICS_TOKEN = TOKEN
    User.objects.create_superuser("rita", password="four unrelated words")
    before = read(client)
    client.post("/admin/login/", {"username": "rita", "password": "wrong"})
    client.get("/nothing/")
    now = timezone.now()
    LastExamination.objects.create(
        machine="mx", examined=now - timedelta(minutes=5), verdict="broken"
    )
    Export.objects.create(identity="1" * 16, exported=now, applied=now - timedelta(hours=2))
    log_event(TESTER, "panel.backup")
    after = read(client)
    grown = {name: value - before.get(name, 0) for name, value in after.items()}
    assert grown["mailadmin_failed_sign_ins_total administrator"] == 1
    assert grown["mailadmin_requests_total GET 404"] == 1
    assert grown["mailadmin_requests_total POST 200"] == 1
    assert after["mailadmin_mailboxes"] == after["mailadmin_domains"] == 1
    assert after["mailadmin_database_up mail"] == after["mailadmin_doctor_broken"] == 1
    assert after["mailadmin_doctor_age_seconds"] == pytest.approx(300, abs=30)
    assert after["mailadmin_backup_age_seconds"] == pytest.approx(0, abs=30)
    assert after["mailadmin_applied_age_seconds"] == pytest.approx(7200, abs=30)
    assert not re.search("anna|rita|example", str(after))
    forget_lookups()
    assert read(client)["mailadmin_mailboxes"] == 1
    monkeypatch.setattr(metrics, "MAX_ROWS", 0)
    assert "mailadmin_mailboxes" not in read(client)
