"""The mail hosts under systemd: their units, and a reboot."""

import pytest

from tests.mailhost import ANNA, BOB, MailHost, Person, hosts

pytestmark = pytest.mark.stack
DEBIANS_OWN = "/usr/lib/systemd/"
# Each chain and each release once; a reboot takes a while.
BOOTED = [
    *hosts(release="debian12", database="sqlite"),
    *hosts(release="debian13", database="mariadb"),
]


@pytest.mark.parametrize("host", hosts(), indirect=True)
def test_systemd_accepts_the_units_and_their_drop_ins(mail: MailHost) -> None:
    units = [f"{name}.service" for name in ("postfix", "dovecot", "saslauthd")]
    done = mail.machine.run(["systemd-analyze", "verify", "--man=no", "--generators=yes", *units])
    complaints = (done.stdout + done.stderr).splitlines()
    assert [line for line in complaints if not line.startswith(DEBIANS_OWN)] == []


@pytest.mark.parametrize("host", BOOTED, indirect=True)
def test_signing_in_works_after_a_reboot(mail: MailHost) -> None:
    if mail.on_mariadb:
        mail.mariadb.stop()
    mail.machine.reboot()
    if mail.on_mariadb:
        mail.mariadb.start()
    mail.panel = None
    mail.await_services()
    assert mail.signs_in(ANNA)
    assert not mail.signs_in(Person(ANNA.address, BOB.password))
    mail.await_mail(BOB, mail.send(ANNA, BOB.address))
    if mail.variant == "v1":  # as the bundle's README says
        user, _, realm = ANNA.address.partition("@")
        login = ["-u", user, "-r", realm, "-p", ANNA.password]
        mail.machine.run(["testsaslauthd", "-s", "smtp", *login])
