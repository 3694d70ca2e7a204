"""Missing and damaged files of packages, as dpkg names them."""

from collections.abc import Sequence

import pytest

from mailboxes.doctor import packages
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import broken, working
from tests.doctor.conftest import as_root

FAILED = broken("dovecot.stopped", "It isn't running.")


def verifying(
    examination: Examination, text: str = "", state: str = "", error: str = ""
) -> Examination:
    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        if command[0] == "dpkg-query":
            return Output(1, state, error)
        is_asked = command == ["dpkg", "--verify", "dovecot-imapd"]
        return Output(1, text if is_asked else "", "")

    return as_root(examination, run)


@pytest.mark.parametrize(
    ("text", "state", "error"),
    [
        ("missing     /usr/lib/dovecot/imap\n", "installed dovecot-imapd\n", ""),
        ("??5??????   /usr/lib/dovecot/imap\n", "triggers-pending dovecot-imapd\n", ""),
        ("", "installed dovecot-core\nconfig-files dovecot-imapd\n", ""),
        ("", "half-configured dovecot-imapd\n", ""),
        ("", "", "dpkg-query: no packages found matching dovecot-imapd\n"),
    ],
)
def test_the_package_is_installed_again(
    examination: Examination, text: str, state: str, error: str
) -> None:
    here = verifying(examination, text, state, error)
    found, same = packages.explain(here, "dovecot", [FAILED])
    assert (found.code, found.detail, same) == ("dovecot.package", text.strip(), FAILED)
    assert found.remedy.command.startswith("apt-get install --reinstall dovecot-imapd && ")


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
