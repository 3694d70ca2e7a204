import re
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.conftest import PASSWORD

MAILBOX = "/admin/mailboxes/mailbox/"
ALIAS = "/admin/mailboxes/alias/"
DOMAIN = "/admin/mailboxes/domain/"


def mailbox_form(**fields: str) -> dict[str, str]:
    return {
        "address_0": "carl@example.org",
        "name": "Carl",
        "quota_0": "1G",
        "active": "on",
        "new_password1": PASSWORD,
        "new_password2": PASSWORD,
    } | fields


def errors(page: Any) -> str:
    assert page.status_code == 200
    return str(page.context["adminform"].form.errors)


def test_a_domain_is_created_changed_and_deleted(rita: Client) -> None:
    numbers = {"mailboxes": "5", "aliases": "0", "maxquota_0": "0", "quota_0": "0"}
    page = rita.post(f"{DOMAIN}add/", {"domain": "Bücher.example", "active": "on"} | numbers)
    assert page.status_code == 302
    domain = Domain.objects.get()
    assert domain.pk == "xn--bcher-kva.example" and domain.mailboxes == 5
    page = rita.post(f"{DOMAIN}{domain.pk}/change/", numbers | {"mailboxes": "7"})
    domain.refresh_from_db()
    assert domain.mailboxes == 7 and not domain.active
    url, yes = f"{DOMAIN}{domain.pk}/delete/", {"post": "yes"}
    for typed in ({}, {"confirm": "bücher"}):
        answer = rita.post(url, yes | typed, follow=True)
        said = "Nothing was deleted. To delete xn--bcher-kva.example"
        assert said in answer.content.decode()
    assert Domain.objects.exists()
    rita.post(url, yes | {"confirm": " XN--BCHER-KVA.example "})
    assert not Domain.objects.exists()


def test_limits_of_a_domain_have_units_and_come_back_as_written(
    rita: Client, domain: Domain
) -> None:
    url = f"{DOMAIN}{domain.pk}/change/"
    limits = {"mailboxes": "0", "aliases": "0", "maxquota_0": "1", "maxquota_1": "G"}
    rita.post(url, limits | {"quota_0": "500", "quota_1": "G", "active": "on"})
    domain.refresh_from_db()
    assert (domain.maxquota, domain.quota) == (1049, 524288)
    page = rita.get(url).content.decode()
    for name, number in (("maxquota_0", "1"), ("quota_0", "500")):
        assert re.search(rf'name="{name}" value="{number}"', page)
    assert page.count('value="G" selected') == 2
    told = rita.get(f"{DOMAIN}{domain.pk}/history/").content.decode()
    assert re.search(r"Quota per mailbox</strong>: no limit .*?</span> 1 GiB", told)
    rita.post(url, limits | {"maxquota_0": "-1", "quota_0": "500", "quota_1": "G", "active": "on"})
    domain.refresh_from_db()
    assert (domain.maxquota, domain.quota) == (-1, 524288)
    assert re.search('name="maxquota_0" value="-1"', rita.get(url).content.decode())
    told = rita.get(f"{DOMAIN}{domain.pk}/history/").content.decode()
    assert "1 GiB" in told and "switched off" in told and told.count("Total quota of all") == 1
    answer = rita.post(url, limits | {"maxquota_0": "-2", "quota_0": "0"})
    assert "maxquota" in errors(answer)


@pytest.mark.parametrize("name", ["", "localhost", "a b.org", "mail.example.org", "example.org"])
def test_a_bad_domain_is_a_form_error(rita: Client, domain: Domain, name: str) -> None:
    numbers = {"mailboxes": "0", "aliases": "0", "maxquota_0": "0", "quota_0": "0"}
    assert "domain" in errors(rita.post(f"{DOMAIN}add/", {"domain": name} | numbers))
    assert Domain.objects.count() == 1


def test_a_mailbox_is_created(rita: Client, domain: Domain) -> None:
    assert rita.post(f"{MAILBOX}add/", mailbox_form()).status_code == 302
    mailbox = Mailbox.objects.get()
    assert mailbox.check_password(PASSWORD) and mailbox.quota == 2**30
    assert Alias.objects.get().goto == "carl@example.org"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"address_0": "a@b@c"}, "not an email address"),
        ({"address_0": "anna@example.com"}, "exist here"),
        ({"address_0": "anna@example.org"}, "already taken by a mailbox"),
        ({"quota_0": "much"}, "not a size"),
        ({"new_password2": "another"}, "match"),
        ({"new_password1": "short", "new_password2": "short"}, "too short"),
        ({"new_password1": "", "new_password2": ""}, "required"),
        ({"new_password1": "carl@example.org", "new_password2": "carl@example.org"}, "similar"),
    ],
)
def test_a_bad_mailbox_is_a_form_error(
    rita: Client, anna: Mailbox, fields: dict[str, str], reason: str
) -> None:
    page = rita.post(f"{MAILBOX}add/", mailbox_form(**fields))
    assert reason in errors(page)
    assert Mailbox.objects.count() == 1
    assert PASSWORD not in page.content.decode()


def test_a_mailbox_keeps_its_password_unless_a_new_one_is_given(
    rita: Client, anna: Mailbox
) -> None:
    url = f"{MAILBOX}anna@example.org/change/"
    none = {"new_password1": "", "new_password2": ""}
    assert anna.password not in rita.get(url).content.decode()
    assert rita.post(url, mailbox_form(name="Änne", **none)).status_code == 302
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD) and anna.name == "Änne"
    new = {"new_password1": "a new good password", "new_password2": "a new good password"}
    assert rita.post(url, mailbox_form(**new)).status_code == 302
    anna.refresh_from_db()
    assert anna.check_password("a new good password")
    assert "a new good password" not in str(list(LogEntry.objects.values()))


def test_disabling_and_enabling_many_takes_the_aliases_along(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    chosen = {"_selected_action": [anna.pk, bob.pk], "post": "yes"}
    rita.post(MAILBOX, {"action": "disable"} | chosen)
    assert not Mailbox.objects.filter(active=True) and not Alias.objects.filter(active=True)
    rita.post(MAILBOX, {"action": "enable"} | chosen)
    assert Mailbox.objects.filter(active=True).count() == 2
    assert Alias.objects.filter(active=True).count() == 2


def test_deleting_a_mailbox_says_what_goes_and_what_stays(rita: Client, anna: Mailbox) -> None:
    actions.create_alias(Address.parse("info@example.org"), ["anna@example.org"])
    page = rita.get(f"{MAILBOX}anna@example.org/delete/").content.decode()
    assert "its own alias" in page
    assert "info@example.org still forwards to anna@example.org" in page
    assert "/var/vmail/example.org/anna/" in page
    assert rita.post(f"{MAILBOX}anna@example.org/delete/", {"post": "yes"}).status_code == 302
    assert not Mailbox.objects.exists() and Alias.objects.get().pk == "info@example.org"


def test_deleting_many_is_confirmed_first(rita: Client, anna: Mailbox, bob: Mailbox) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [anna.pk, bob.pk]}
    page = rita.post(MAILBOX, chosen).content.decode()
    assert "The mailbox anna@example.org" in page and "The mailbox bob@example.org" in page
    assert Mailbox.objects.count() == 2
    rita.post(MAILBOX, chosen | {"post": "yes"})
    assert not Mailbox.objects.exists() and not Alias.objects.exists()


def test_deleting_a_domain_says_what_goes(rita: Client, anna: Mailbox) -> None:
    page = rita.get(f"{DOMAIN}example.org/delete/").content.decode()
    assert "1 mailbox in it." in page and "0 other aliases." in page
    actions.create_domain(DomainName.parse("example.net"))
    actions.create_alias_domain("example.net", "example.org")
    page = rita.get(f"{DOMAIN}example.org/delete/").content.decode()
    assert "example.net forwards to example.org. Delete it first" in page
    rita.post(f"{DOMAIN}example.org/delete/", {"post": "yes", "confirm": "example.org"})
    assert Domain.objects.count() == 2


def test_aliases_are_listed_without_those_of_the_mailboxes(rita: Client, anna: Mailbox) -> None:
    form = {"address_0": "@example.org", "goto": "anna@example.org\nx@example.net", "active": "on"}
    assert rita.post(f"{ALIAS}add/", form).status_code == 302
    assert Alias.objects.get(pk="@example.org").goto == "anna@example.org,x@example.net"
    found = {
        kind: rita.get(ALIAS, {"kind": kind} if kind else {}).context["cl"].result_count
        for kind in ("", "own", "all")
    }
    assert found == {"": 1, "own": 1, "all": 2}


def test_a_mailboxs_own_alias_cannot_be_deleted(rita: Client, anna: Mailbox) -> None:
    page = rita.post(f"{ALIAS}anna@example.org/delete/", {"post": "yes"})
    assert "own alias, which delivers its mail" in page.content.decode()
    assert Alias.objects.exists()


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("q=ann", 1),
        ("q=example.org", 2),
        ("q=Berg", 1),
        ("q=nobody", 0),
        ("q=日本", 0),
        ("domain=example.org", 2),
        ("domain=日本", 0),
        ("active__exact=0", 0),
        ("q=@example.org", 2),
    ],
)
def test_mailboxes_are_searched_and_filtered(
    rita: Client, anna: Mailbox, bob: Mailbox, asked: str, count: int
) -> None:
    page = rita.get(f"{MAILBOX}?{asked}")
    assert page.status_code == 200 and page.context["cl"].result_count == count


def test_an_address_that_cannot_be_is_not_found(rita: Client, domain: Domain) -> None:
    assert rita.get(f"{MAILBOX}日本@example.org/change/").status_code == 302


def test_who_may_only_look_changes_nothing(client: Client, anna: Mailbox) -> None:
    user = User.objects.create_user("otto", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_mailbox"))
    client.force_login(user)
    page = client.get(f"{MAILBOX}anna@example.org/change/")
    assert page.status_code == 200 and b"new_password1" not in page.content
    assert client.post(f"{MAILBOX}anna@example.org/change/", mailbox_form()).status_code == 403
    assert client.post(f"{MAILBOX}anna@example.org/delete/", {"post": "yes"}).status_code == 403
    assert client.get(DOMAIN).status_code == 403
    assert client.get("/admin/configuration/").status_code == 403
    assert client.post("/admin/configuration/download/").status_code == 403


@pytest.mark.parametrize(
    "url", [MAILBOX, f"{DOMAIN}add/", "/admin/configuration/", "/admin/configuration/download/"]
)
def test_nobody_sees_the_admin_without_signing_in(client: Client, tables: None, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 302 and "/admin/login/" in answer["Location"]


def test_a_failed_sign_in_is_kept_without_the_password_and_five_lock(
    client: Client, tables: None, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]  # quick
    User.objects.create_superuser("rita", password=PASSWORD)
    login = {"username": "rita", "password": "a wrong secret"}
    answers = [client.post("/admin/login/", login).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    kept = str(list(AccessAttempt.objects.values()))
    assert "rita" in kept and "secret" not in kept
    right = {"username": "rita", "password": PASSWORD}
    assert client.post("/admin/login/", right).status_code == 429
    assert Client(REMOTE_ADDR="192.0.2.9").post("/admin/login/", right).status_code == 302


@pytest.mark.parametrize("model", ["domain", "mailbox", "alias", "aliasdomain"])
def test_every_page_to_add_opens(rita: Client, tables: None, model: str) -> None:
    page = rita.get(f"/admin/mailboxes/{model}/add/")
    assert page.status_code == 200
    assert "required" in errors(rita.post(f"/admin/mailboxes/{model}/add/", {}))


def test_an_alias_domain_is_created_disabled_and_deleted(rita: Client, anna: Mailbox) -> None:
    actions.create_domain(DomainName.parse("example.net"))
    url = "/admin/mailboxes/aliasdomain/"
    fields = {"alias_domain": "Example.net", "target_domain": "example.org", "active": "on"}
    assert rita.post(f"{url}add/", fields).status_code == 302
    assert AliasDomain.objects.get().target_domain == "example.org"
    assert "already" in errors(rita.post(f"{url}add/", fields))
    page = rita.get(f"{DOMAIN}example.net/delete/").content.decode()
    assert "Its role as an alias domain of example.org." in page
    rita.post(f"{url}example.net/change/", {})
    assert not AliasDomain.objects.get().active
    rita.post(f"{url}example.net/delete/", {"post": "yes"})
    assert not AliasDomain.objects.exists()


@pytest.mark.parametrize(
    "asked",
    [
        "password__startswith=%7BCRAM",
        "domain__mailbox__password__startswith=%7BCRAM",
        "token__regex=.",
        "quota__in=99999999999999999999",
        "name=x",
    ],
)
def test_a_list_cannot_be_asked_for_what_it_does_not_show(
    rita: Client, anna: Mailbox, asked: str
) -> None:
    assert rita.get(f"{MAILBOX}?{asked}").status_code == 400


def test_who_may_delete_domains_alone_deletes_no_mailboxes(client: Client, anna: Mailbox) -> None:
    user = User.objects.create_user("otto", is_staff=True)
    codes = ["view_domain", "delete_domain"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(user)
    form = {"post": "yes", "confirm": "example.org"}
    assert client.post(f"{DOMAIN}example.org/delete/", form).status_code == 403
    assert Mailbox.objects.exists()


def test_disabling_a_mailboxs_own_alias_is_refused(rita: Client, anna: Mailbox) -> None:
    chosen = {"action": "disable", "_selected_action": [anna.pk], "post": "yes"}
    page = rita.post(f"{ALIAS}?kind=own", chosen, follow=True)
    assert "Disable the mailbox instead" in page.content.decode()
    page = rita.post(f"{ALIAS}{anna.pk}/change/", {"goto": anna.pk})
    assert "Disable the mailbox instead" in errors(page)
    assert Alias.objects.get().active


def test_who_may_only_look_reads_words(domain: Domain) -> None:
    actions.create_mailbox(Address.parse("emil@example.org"), PASSWORD, quota=3 * 2**30)
    actions.create_alias(Address.parse("info@example.org"), ["emil@example.org", "x@example.edu"])
    user = User.objects.create_user("otto", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    page = client.get(f"{MAILBOX}emil_40example.org/change/").content.decode()
    assert "3 GiB" in page and str(3 * 2**30) not in page and "Active</span>" in page
    assert "<img alt" not in page and "new_password1" not in page
    page = client.get(f"{ALIAS}info_40example.org/change/").content.decode()
    assert "<span>emil@example.org</span><span>x@example.edu</span>" in page
    page = client.get(f"{DOMAIN}example.org/change/").content.decode()
    assert "no limit" in page and "MB for" not in page


def test_deleting_a_domain_names_the_aliases_that_lead_into_it(rita: Client, anna: Mailbox) -> None:
    actions.create_domain(DomainName.parse("example.net"))
    actions.create_alias(Address.parse("info@example.net"), ["Anna@example.org", "x@example.edu"])
    actions.create_alias(Address.parse("other@example.net"), ["anna@example.org.uk"])
    page = rita.get(f"{DOMAIN}example.org/delete/").content.decode()
    assert "The alias info@example.net still forwards to it" in page and "other@" not in page


@pytest.mark.parametrize("app", ["mailboxes", "auth"])
def test_the_address_of_an_app_leads_to_the_dashboard(rita: Client, app: str) -> None:
    assert rita.get(f"/admin/{app}/")["Location"] == "/admin/"


def test_after_signing_in_anew_one_stands_before_the_mailbox_again(
    rita: Client, anna: Mailbox
) -> None:
    answer = rita.get(f"{MAILBOX}anna_40example.org/set-active/")
    assert answer["Location"] == f"{MAILBOX}anna_40example.org/change/"
    assert Mailbox.objects.get().active
