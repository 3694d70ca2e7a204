"""/healthz: for monitoring and load balancers, which know neither host names nor accounts."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client
from pytest_django import Settings

from mailboxes import middleware
from mailboxes.health import Health

pytestmark = pytest.mark.django_db(databases=["default", "mail"])


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Databases in files, each with the one table that is asked; nothing is known of them yet."""
    monkeypatch.setattr(middleware, "HEALTH", Health())
    for alias, table in (("default", "auth_user"), ("mail", "mailbox")):
        file = str(tmp_path / alias)
        monkeypatch.setitem(connections[alias].settings_dict, "NAME", file)
        with closing(connections.create_connection(alias)) as made, made.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {table} (id)")
    yield


def test_health_is_told_for_any_host_and_without_tls(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["panel.example.org"], True
    answer = client.get("/healthz", headers={"host": "192.0.2.1:8000"})
    assert (answer.status_code, answer.content, answer.cookies) == (200, b"ok\n", {})
    assert client.head("/healthz").status_code == 200
    assert (
        client.post("/healthz", secure=True, headers={"host": "panel.example.org"}).status_code
        == 404
    )


@pytest.mark.parametrize("alias", ["default", "mail"])
def test_a_database_that_cannot_be_used_is_told_to_the_log_only(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture, alias: str
) -> None:
    (tmp_path / alias).unlink()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (503, b"unavailable\n")
    assert f"The database “{alias}” can't be used: no such table" in caplog.text
