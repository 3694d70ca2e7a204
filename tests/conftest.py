"""People and pages that most tests need: Anna owns a mailbox, Bob another one, Rita is staff."""

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from mailboxes import deeds
from mailboxes.addresses import Address, DomainName
from mailboxes.models import Domain, Mailbox

# A busy machine is no failure of a property.
hypothesis.settings.register_profile("patient", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("patient")

PASSWORD = "four unrelated words"
STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"


@pytest.fixture(autouse=True)
def plain_static_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name static files as they are: the manifest is made by collectstatic only."""
    monkeypatch.setitem(settings.STORAGES, "staticfiles", {"BACKEND": STATIC})


@pytest.fixture(autouse=True)
def quick_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "WRONG_ANSWER_SECONDS", 0)


@pytest.fixture
def tables(request: pytest.FixtureRequest) -> None:
    """Both databases, empty."""
    request.applymarker(pytest.mark.django_db(databases=["default", "mail"]))
    request.getfixturevalue("_django_db_helper")


@pytest.fixture
def mail_file(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of a mail database in a file, which an export names."""
    whole = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/srv/mailadmin/var/mail.sqlite3"}
    monkeypatch.setitem(settings.DATABASES, "mail", settings.DATABASES["mail"] | whole)


@pytest.fixture
def domain(tables: None) -> Domain:
    return deeds.create_domain(DomainName.parse("example.org"))


@pytest.fixture
def anna(domain: Domain) -> Mailbox:
    return deeds.create_mailbox(Address.parse("anna@example.org"), PASSWORD, name="Anna Berg")


@pytest.fixture
def bob(domain: Domain) -> Mailbox:
    return deeds.create_mailbox(Address.parse("bob@example.org"), PASSWORD + " of Bob")


@pytest.fixture
def rita(tables: None) -> Client:
    """A superuser, signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("rita"))
    return client
