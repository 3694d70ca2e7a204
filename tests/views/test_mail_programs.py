"""Settings for mail programs: the public page, and what the programs ask for themselves."""

import plistlib
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from pytest_django import Settings

from mailboxes import actions
from mailboxes.addresses import DomainName
from mailboxes.models import AliasDomain, Domain, Mailbox
from tests.admin.conftest import mailbox_form, signed_in
from tests.conftest import PASSWORD, TESTER
from tests.page_forms import read_form

AUTOCONFIG = "/mail/config-v1.1.xml"
AUTODISCOVER = "/Autodiscover/Autodiscover.xml"
REQUEST = """\
<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>%s</EMailAddress>
    <AcceptableResponseSchema>
      http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a
    </AcceptableResponseSchema>
  </Request>
</Autodiscover>
"""
LAUGHS = """\
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>
<Autodiscover><Request><EMailAddress>&b;@example.org</EMailAddress></Request></Autodiscover>
"""
SENDING = [
    ("smtp", "mail.example.test", "465", "SSL"),
    ("smtp", "mail.example.test", "587", "STARTTLS"),
]


def autoconfig(client: Client, **more: Any) -> Any:
    return client.get(AUTOCONFIG, **more)


def configured(page: Any) -> list[tuple[str | None, ...]]:
    """Return protocol, server, port and security of each server in Thunderbird's format."""
    provider = ElementTree.fromstring(page.content)[0]
    names = ("hostname", "port", "socketType")
    return [
        (server.get("type"), *map(server.findtext, names))
        for server in provider
        if server.tag.endswith("Server")
    ]


def discover(client: Client, body: str | bytes) -> Any:
    return client.post(AUTODISCOVER, body, content_type="text/xml")


def test_the_page_names_the_servers_that_are_exported(client: Client, settings: Settings) -> None:
    page = client.get("/mail-programs/").content.decode()
    assert "mail.example.test" in page and "Port 993, SSL/TLS" in page and "Port 995" not in page
    assert "Port 465, SSL/TLS" in page and "Port 587, STARTTLS" in page
    assert "Your whole email address" in page
    settings.MAIL_POP3 = True
    assert "Port 995, SSL/TLS" in client.get("/mail-programs/").content.decode()


def test_v1_has_no_server_to_read_mail_from(
    client: Client, on_mysql: None, anna: Mailbox, settings: Settings
) -> None:
    settings.MAIL_VARIANT = "v1"
    page = client.get("/mail-programs/").content.decode()
    assert "This server only sends mail." in page and "Port 993" not in page
    assert "iPhone" not in page and "Port 465" in page
    assert autoconfig(client, data={"emailaddress": anna.pk}).status_code == 404
    assert client.get("/mail-programs/apple/", {"address": anna.pk}).status_code == 404


def test_thunderbird_is_told_the_servers_of_an_address(
    client: Client, anna: Mailbox, settings: Settings
) -> None:
    settings.MAIL_POP3 = True
    page = autoconfig(client, data={"emailaddress": "Anna@Example.org"})
    imap = [
        ("imap", "mail.example.test", "993", "SSL"),
        ("pop3", "mail.example.test", "995", "SSL"),
    ]
    assert configured(page) == imap + SENDING and page["Content-Type"].startswith("text/xml")
    provider = ElementTree.fromstring(page.content)[0]
    assert provider.get("id") == provider.findtext("domain") == "example.org"
    assert {name.text for name in provider.iter("username")} == {"%EMAILADDRESS%"}
    assert {one.text for one in provider.iter("authentication")} == {"password-cleartext"}


@pytest.mark.parametrize("path", [AUTOCONFIG, "/.well-known/autoconfig/mail/config-v1.1.xml"])
@pytest.mark.parametrize("host", ["autoconfig.example.org", "example.org:443"])
def test_thunderbird_on_android_names_no_address(
    client: Client, anna: Mailbox, path: str, host: str
) -> None:
    found = configured(client.get(path, headers={"x-forwarded-host": host}))
    assert found == [("imap", "mail.example.test", "993", "SSL"), *SENDING]


def test_no_answer_tells_which_mailboxes_exist(client: Client, anna: Mailbox) -> None:
    others = ("nobody@example.org", 'x"<&>@example.org')
    for address in others:
        page = autoconfig(client, data={"emailaddress": address}).content
        assert page == autoconfig(client, data={"emailaddress": anna.pk}).content
    answers = [discover(client, REQUEST % one).content for one in (anna.pk, others[0])]
    assert answers[0] == answers[1].replace(b"nobody", b"anna")


@pytest.mark.parametrize("address", ["anna@example.net", "anna", "anna@", "anna@exa mple"])
def test_domains_of_others_get_nothing(client: Client, anna: Mailbox, address: str) -> None:
    assert autoconfig(client, data={"emailaddress": address}).status_code == 404
    assert client.get("/mail-programs/apple/", {"address": address}).status_code == 404
    assert discover(client, REQUEST % address).status_code in (400, 404)
    page = client.get("/mail-programs/", {"address": address})
    assert page.context["error"] and "Download the profile" not in page.content.decode()


def test_nobody_signs_in_with_an_address_of_these_domains(client: Client, anna: Mailbox) -> None:
    AliasDomain.objects.create(alias_domain="alias.example", target_domain="example.org")
    Domain.objects.create(domain="off.example", active=False)
    Domain.objects.create(domain="relayed.example", transport="smtp:[mx.example.net]")
    for name in ("alias.example", "off.example", "relayed.example"):
        assert autoconfig(client, data={"emailaddress": f"anna@{name}"}).status_code == 404, name
    assert autoconfig(client, data={"emailaddress": anna.pk}).status_code == 200


def test_outlook_is_told_the_servers_of_an_address(client: Client, anna: Mailbox) -> None:
    for body in (REQUEST % " Anna@example.org ", (REQUEST % anna.pk).encode()):
        answer = discover(client, body)
        found = [
            tuple(one.findtext(f"{{*}}{name}") for name in ("Type", "Server", "Port", "LoginName"))
            for one in ElementTree.fromstring(answer.content).findall(".//{*}Protocol")
        ]
        assert found == [
            ("IMAP", "mail.example.test", "993", "anna@example.org"),
            ("SMTP", "mail.example.test", "465", "anna@example.org"),
        ]


@pytest.mark.parametrize("body", ["", "<", LAUGHS, REQUEST % "", "<a>&#0;</a>", b"\xff\xfe<\x00"])
def test_what_outlook_would_not_send_is_refused(
    client: Client, anna: Mailbox, body: str | bytes
) -> None:
    assert discover(client, body).status_code == 400


def test_a_long_request_is_not_read(client: Client, anna: Mailbox) -> None:
    assert discover(client, REQUEST % anna.pk + " " * 4096).status_code == 413


def test_newer_outlooks_are_led_to_the_older_protocol(client: Client, tables: None) -> None:
    url = "/autodiscover/autodiscover.json"
    query = {"Email": "anna@example.org", "Protocol": "Autodiscoverv1"}
    found = client.get(url, query, headers={"x-forwarded-host": "evil.example"}).json()
    assert found["Url"] == "https://testserver/autodiscover/autodiscover.xml"
    assert client.get(f"{url}/v1.0/anna@example.org", query).json() == found
    assert client.get(url, query | {"Protocol": "ActiveSync"}).status_code == 404
    assert client.get(url).status_code == 404


def test_apple_gets_a_profile_without_a_password(client: Client, anna: Mailbox) -> None:
    page = client.get("/mail-programs/", {"address": "Anna@example.org"})
    assert "/mail-programs/apple/?address=anna%40example.org" in page.content.decode()
    answers = [client.get("/mail-programs/apple/", {"address": anna.pk}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[0]["Content-Type"] == "application/x-apple-aspen-config"
    profile = plistlib.loads(answers[0].content)
    account = profile["PayloadContent"][0]
    assert account["IncomingMailServerHostName"] == "mail.example.test"
    assert (account["IncomingMailServerPortNumber"], account["IncomingMailServerUseSSL"]) == (
        993,
        True,
    )
    assert (account["OutgoingMailServerPortNumber"], account["OutgoingMailServerUseSSL"]) == (
        465,
        True,
    )
    assert account["IncomingMailServerUsername"] == account["EmailAddress"] == anna.pk
    assert not any("Password" in key and key.endswith("ServerPassword") for key in account)
    assert profile["PayloadUUID"] != account["PayloadUUID"]


def test_a_mailbox_has_its_settings_on_a_page(anna: Mailbox, rita: Client) -> None:
    page = rita.get("/admin/mailboxes/mailbox/anna_40example.org/client-settings/")
    text = page.content.decode()
    assert "Port 993, SSL/TLS" in text and "<svg" in text and "anna@<wbr>example.org</pre>" in text
    assert "http://testserver/mail-programs/?address=anna%40example.org" in text
    assert "can't be shown again" not in text and "at a local address" not in text


def test_links_that_only_work_on_this_computer_are_not_printed(
    anna: Mailbox, rita: Client, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    url = "/admin/mailboxes/mailbox/anna_40example.org/client-settings/"
    for host in ("127.0.0.1:8000", "localhost:8000", "[::1]:8000"):
        text = rita.get(url, headers={"host": host}).content.decode()
        assert "at a local address" in text and text.count(" no-print") == 4, host
    text = rita.get(url, headers={"host": "panel.example.com"}).content.decode()
    assert "at a local address" not in text and " no-print" not in text


def test_the_welcome_sheet_shows_a_new_password_once(domain: Domain, rita: Client) -> None:
    page = rita.post("/admin/mailboxes/mailbox/add/", mailbox_form() | {"_sheet": ""})
    mailbox = Mailbox.objects.get()
    password = mailbox_form()["new_password1"]
    assert password in page.content.decode() and mailbox.check_password(password)
    assert "no-store" in page["Cache-Control"]
    for path in ("client-settings", "change"):
        key = mailbox.pk.replace("@", "_40")
        assert password not in rita.get(f"/admin/mailboxes/mailbox/{key}/{path}/").content.decode()


def test_the_welcome_sheet_follows_a_new_password(anna: Mailbox) -> None:
    helpdesk, new = signed_in("helpdesk", "example.org"), PASSWORD + " once more"
    path = "/admin/mailboxes/mailbox/anna_40example.org/password/"
    data = {"new_password1": new, "new_password2": new, "_sheet": ""}
    sheet = "admin/mailboxes/mailbox/client_settings.html"
    shown = helpdesk.post(path, data)
    assert new in shown.content.decode() and sheet in [each.name for each in shown.templates]
    refused = helpdesk.post(path, data | {"new_password2": "another"})  # which the form keeps
    assert sheet not in [each.name for each in refused.templates] and refused.status_code == 200
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    own, change = signed_in("domain", "example.org", name="own"), path.replace("password", "change")
    form = read_form(own.get(change).content.decode()) | data
    shown = own.post(change, form)
    assert new in shown.content.decode() and sheet in [each.name for each in shown.templates]
    foreign = signed_in("domain-administrator", "example.net", name="foreign")
    assert new not in foreign.post(path, data).content.decode()
