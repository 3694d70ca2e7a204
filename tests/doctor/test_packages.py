"""Missing and damaged files of packages, as dpkg names them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mailboxes.doctor import packages
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import broken, working
from mailboxes.doctor.remedies import Remedy
from tests.doctor.conftest import as_root

FAILED = broken("dovecot.stopped", "It isn't running.")


def verifying(examination: Examination, text: str = "", state: str = "installed") -> Examination:
    """Return an examination by root of a host with a package in this state."""

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        if command[0] == "dpkg-query":
            found = {name: "installed" for name in command[3:]} | {"dovecot-imapd": state}
            return Output(
                1, "".join(f"{found[name]} {name}\n" for name in found if found[name]), ""
            )
        is_asked = command == ["dpkg", "--verify", "dovecot-imapd"]
        return Output(1, text if is_asked else "", "")

    return as_root(examination, run)


INSTALL = "apt-get install --reinstall dovecot-imapd && "


@pytest.mark.parametrize(
    ("text", "state", "command"),
    [
        ("missing     /usr/lib/dovecot/imap\n", "installed", INSTALL),
        ("??5??????   /usr/lib/dovecot/imap\n", "triggers-pending", INSTALL),
        ("", "config-files", INSTALL),
        ("", "", INSTALL),
        ("", "half-configured", "dpkg --configure -a && systemctl restart dovecot postfix"),
    ],
)
def test_the_package_is_installed_again(
    examination: Examination, text: str, state: str, command: str
) -> None:
    here = verifying(examination, text, state)
    found, same = packages.explain(here, "dovecot", [FAILED])
    assert (found.code, found.detail, same) == ("dovecot.package", text.strip(), FAILED)
    assert ": dovecot-imapd." in found.seen and found.remedy.command.startswith(command)


def test_what_follows_from_a_package_has_no_command_of_its_own(examination: Examination) -> None:
    here = verifying(examination, "missing     /usr/lib/dovecot/imap\n")
    other = replace(FAILED, remedy=Remedy("Start it:", "systemctl restart dovecot"))
    _package, found = packages.explain(here, "dovecot", [other])
    assert (found.seen, found.remedy.command) == (FAILED.seen, "")
    assert "First repair the packages" in str(found.remedy.advice)


@pytest.mark.parametrize(
    "text", ["", "??5?????? c /etc/dovecot/dovecot.conf\n", "missing   /usr/share/doc/x\n"]
)
def test_what_administrators_edit_or_remove_is_not_named(
    examination: Examination, text: str
) -> None:
    assert packages.explain(verifying(examination, text), "dovecot", [FAILED]) == [FAILED]


def test_nothing_is_asked_if_the_hop_works_or_one_before_does_not(
    examination: Examination,
) -> None:
    here = verifying(examination, "missing     /usr/lib/dovecot/imap\n")
    healthy = [working("dovecot", "Fine.")]
    assert packages.explain(here, "dovecot", healthy) == healthy
    here.broken.add("database")
    assert packages.explain(here, "dovecot", [FAILED]) == [FAILED]


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("??5?????? c /etc/ssl/openssl.cnf\n", True),
        ("missing   c /etc/ssl/openssl.cnf\n", False),  # TLS works without it
        ("??5??????   /usr/bin/openssl\n", False),
    ],
)
def test_a_configuration_of_openssl_that_is_not_debians_is_turned_off(
    examination: Examination, text: str, is_named: bool
) -> None:
    here = as_root(examination, lambda command, input="", user="": Output(1, text, ""))
    found = packages.changed_openssl(here)
    assert bool(found) == is_named
    assert not found or found.command.startswith("mv /etc/ssl/openssl.cnf /etc/ssl/openssl.cnf.off")
