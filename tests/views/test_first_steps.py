"""The dashboard has a checklist for a new host, until everything on it is done or it is hidden."""

import pytest
from django.test import Client
from pytest_django import Settings

from mailboxes.conf import is_example, mail_host
from mailboxes.deployment.models import Export, SetupStep
from mailboxes.export.bundle import BadExport
from mailboxes.export.prerequisites import check_exportable
from mailboxes.models import LastLogin, Mailbox
from tests.admin.conftest import signed_in

STEPS = "/admin/first-steps/"
EXAMPLES = (
    "mail.example.com",
    "mail.example.org",
    "example.net",
    "mx.example",
    "mail.invalid",
    "mail.localhost",
)


def done(client: Client) -> dict[str, bool]:
    return {step.name: step.is_done for step in client.get("/admin/").context["first_steps"].steps}


def test_an_empty_panel_begins_with_nothing_done(rita: Client) -> None:
    found = done(rita)
    names = ["host", "domain", "mailbox", "dns", "certificate", "applied", "sign-in"]
    assert list(found) == names and not any(found.values())
    page = rita.get("/admin/").content.decode()
    assert "First steps" in page and "It is now: mail.example.test" in page
    assert "First steps" not in signed_in("auditor").get("/admin/").content.decode()


def test_what_the_panel_sees_is_done_and_the_rest_is_ticked(
    rita: Client, anna: Mailbox, settings: Settings
) -> None:
    settings.MAIL_HOSTNAME = "mail.kunz.ch"
    LastLogin.objects.create(username=anna.pk, last_login=5)
    Export.objects.create(
        identity="0" * 16, exported="2026-01-01T00:00Z", applied="2026-01-01T00:00Z"
    )
    assert [name for name, is_done in done(rita).items() if not is_done] == ["dns", "certificate"]
    rita.post(STEPS, {"step": "dns"})
    rita.post(STEPS, {"step": "host"})  # can be seen, so it isn't ticked
    assert not SetupStep.objects.filter(pk="host").exists()
    rita.post(STEPS, {"step": "certificate"})
    assert done(rita) == {} and SetupStep.objects.filter(pk="finished").exists()
    Mailbox.objects.all().delete()
    assert done(rita) == {}


def test_the_list_can_be_hidden_by_superusers_only(rita: Client) -> None:
    assert signed_in("auditor").post(STEPS, {"step": "finished"}).status_code == 403
    assert done(rita)
    page = rita.post(STEPS, {"step": "finished"}, follow=True).content.decode()
    assert "The first steps are hidden." in page and "Hide this list" not in page


def test_names_of_examples_are_known() -> None:
    for name in EXAMPLES:
        assert is_example(name)
    for name in ("mail.kunz.ch", "mail.myexample.org", "mail.example.org.uk", "host", "mx.test"):
        assert not is_example(name)


@pytest.mark.usefixtures("mail_file")
def test_a_name_that_is_only_an_example_is_not_exported(rita: Client, settings: Settings) -> None:
    for name in EXAMPLES:
        settings.MAIL_HOSTNAME = name
        with pytest.raises(BadExport, match=f"{name}, which is only an example. Set it in .env"):
            check_exportable(mail_host())
    assert "which is only an example" in rita.get("/admin/").content.decode()
    assert rita.post("/admin/configuration/download/").status_code == 409
    for name, is_warned in (("mx.lab.test", True), ("mx.kunz.ch", False)):
        settings.MAIL_HOSTNAME = name
        page = rita.get("/admin/configuration/").content.decode()
        assert ("Names ending in .test are reserved for tests" in page) == is_warned
        assert done(rita)["host"] != is_warned
