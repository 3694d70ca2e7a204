"""The stronger schemes on the hosts that support them, each with its mechanisms."""

import pytest

from mailboxes.variants import VARIANTS
from tests import mail_clients
from tests.mailhost import ANNA, BOB, DOMAIN, MailHost, Person, hosts

STRONGER = [
    pytest.param(*host.values, scheme, marks=host.marks, id=f"{host.values[0]}-{scheme}")
    for variant, database in (("v1", "mariadb"), ("v2", "sqlite"))
    for host in hosts(variant=variant, database=database)
    for scheme in VARIANTS[variant].schemes
    if scheme != VARIANTS[variant].default_scheme.name
]
pytestmark = [
    pytest.mark.stack,
    pytest.mark.parametrize(("host", "scheme"), STRONGER, indirect=["host"], scope="module"),
]


@pytest.fixture(autouse=True)
def stronger(host: MailHost, scheme: str) -> None:
    host.configure(MAIL_PASSWORD_SCHEME=scheme)


def test_the_mechanisms_of_the_scheme_are_offered(host: MailHost) -> None:
    with mail_clients.submission(host.machine) as smtp:
        assert mail_clients.mechanisms(smtp) == set(host.scheme.mechanisms)


def test_a_new_mailbox_can_sign_in_with_each_mechanism(host: MailHost) -> None:
    name = f"new-{host.scheme.name.lower()}@{DOMAIN}"
    person = host.create(Person(name, "four new 'words' für #neu"))
    for mechanism in host.scheme.mechanisms:
        assert host.signs_in(person, mechanism)
        assert not host.signs_in(Person(name, f"{person.password} "), mechanism)
    host.await_mail(BOB, host.send(person, BOB.address))


def test_changing_the_password_updates_the_scheme(host: MailHost) -> None:
    weak = {"MAIL_PASSWORD_SCHEME": VARIANTS[host.variant].default_scheme.name}
    old = Person(f"old-{host.scheme.name.lower()}@{DOMAIN}", "four old words of mine")
    host.create(old, settings=weak)
    new = Person(old.address, "four later words of mine")
    assert host.change_password(old, new.password) == "/password/changed/"
    for mechanism in host.scheme.mechanisms:
        assert host.signs_in(new, mechanism)
        assert not host.signs_in(old, mechanism)


def test_mailboxes_of_the_default_scheme_can_still_sign_in_on_v2(host: MailHost) -> None:
    assert host.signs_in(ANNA) == (host.variant == "v2")
