"""From one variant to the other and back, and from one release to the next."""

import pytest

from tests.mailhost import ANNA, BOB, BUNDLE, DOMAIN, MailHost, Person, fresh_hosts, hosts

pytestmark = pytest.mark.stack

OF_V1 = Person(f"of-v1@{DOMAIN}", "four words from the first variant")
OF_V2 = Person(f"of-v2@{DOMAIN}", "four words from the second variant")
WITHOUT_SYSTEM_USERS = "s/^!include auth-system.conf.ext/# mailadmin: see 99-mailadmin.conf. &/"


def assert_in_use(host: MailHost, person: Person) -> None:
    assert host.signs_in(person)
    assert not host.signs_in(Person(person.address, f"{person.password} "))
    host.await_mail(person, host.send(person, person.address))


def assert_stopped(host: MailHost, service: str) -> None:
    """The backend of the other variant neither runs nor starts at boot."""
    assert host.machine.run(["pidof", service], check=False).stdout == ""
    enabled = host.machine.run(["systemctl", "is-enabled", service], check=False)
    assert enabled.stdout.startswith("disabled")


@pytest.mark.parametrize("host", hosts(release="debian13", variant="v1"), indirect=True)
def test_a_host_can_change_its_variant_and_change_back(host: MailHost) -> None:
    host.configure()
    assert_in_use(host, host.create(OF_V1))
    delivered_by_v1 = host.send(OF_V1, OF_V1.address)
    host.await_mail(OF_V1, delivered_by_v1)
    host.configure(MAIL_VARIANT="v2")
    assert_stopped(host, "saslauthd")
    assert_in_use(host, host.create(OF_V2))
    assert not host.signs_in(OF_V1)
    host.configure(MAIL_VARIANT="v2", MAIL_ALLOW_WEAK_SCHEMES="true")
    assert_in_use(host, OF_V1)
    assert delivered_by_v1 in host.inbox(OF_V1)
    host.configure()
    assert_stopped(host, "dovecot")
    assert not host.machine.listens(993)
    assert host.unchanged()
    assert_in_use(host, OF_V1)
    assert not host.signs_in(OF_V2)


def place(host: MailHost, bundle: str) -> set[str]:
    """Install the files of another release as its `apply` would; return the paths."""
    placed = set()
    for line in (host.machine / bundle / "MANIFEST").read_text().splitlines():
        if line and not line.startswith("#"):
            path, owner, group, mode, _ = line.split()
            where = ["-D", "-o", owner, "-g", group, "-m", mode]
            host.machine.run(["install", *where, f"{bundle}/{path}", f"/{path}"])
            placed.add(path)
    auth = "/etc/dovecot/conf.d/10-auth.conf"
    host.machine.run(["sed", "-i", WITHOUT_SYSTEM_USERS, auth])
    return placed


@pytest.mark.parametrize("fresh", fresh_hosts(release="debian13"), indirect=True)
def test_files_of_the_previous_release_are_replaced(fresh: MailHost) -> None:
    fresh.populate()
    fresh.export(MAIL_RELEASE="debian12")
    old = place(fresh, BUNDLE)
    if fresh.variant == "v2":
        assert fresh.machine.run(["doveconf", "-n"], check=False).returncode != 0
    fresh.configure()
    assert_in_use(fresh, ANNA)
    assert_in_use(fresh, BOB)
    stale = {path for path in old if not (fresh.machine / BUNDLE / path).exists()}
    assert [path for path in sorted(stale) if (fresh.machine / path).exists()] == []
