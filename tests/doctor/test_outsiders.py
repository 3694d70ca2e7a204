"""Rules of port 25 that the doctor itself doesn't feel, since it connects from this machine."""

from collections.abc import Sequence

import pytest

from mailboxes.doctor import outsiders
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination
from mailboxes.models import Domain
from tests.doctor.conftest import as_root

OWN = "127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128"


@pytest.mark.parametrize(
    ("rule", "networks", "option", "expected"),
    [
        ("permit_mynetworks, reject", OWN, "", "-X smtpd_client_restrictions"),
        (
            "permit_mynetworks reject",
            OWN,
            "permit_sasl_authenticated, reject",
            "-PX smtp/inet/smtpd",
        ),
        ("permit_mynetworks, reject_rbl_client rbl.example, reject", OWN, "", "-X smtpd_client"),
        ("permit_mynetworks, reject", f"{OWN} 192.0.2.0/24", "", ""),  # a front mail server
        ("permit_mynetworks, reject", f"{OWN} hash:/etc/postfix/networks", "", ""),
        ("permit_mynetworks, reject", OWN, "permit", ""),  # the port has its own rule
        ("permit_mynetworks, reject_unauth_destination", OWN, "", ""),
        ("permit_mynetworks, check_client_access hash:/x, reject", OWN, "", ""),
        ("", OWN, "", ""),
    ],
)
def test_a_rule_that_refuses_all_other_hosts_is_named(
    examination: Examination,
    domain: Domain,
    rule: str,
    networks: str,
    option: str,
    expected: str,
) -> None:
    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        if "mynetworks" in command:
            return Output(0, f"{networks}\n", "")
        if "-Px" in command:
            text = f"smtp/inet/smtpd_client_restrictions = {option}\n" if option else ""
            return Output(0, f"{text}submission/inet/smtpd_client_restrictions = reject\n", "")
        if "relayhost" in command:
            return Output(0, relay, "")
        return Output(0, f"smtpd_client_restrictions = {rule}\n", "")

    relay, here = "\n\n\n", as_root(examination, run)
    found = list(outsiders.examine(here))
    commands = [each.remedy.command for each in found]
    assert len(commands) == bool(expected)
    assert all(each.startswith(f"postconf {expected}") for each in commands)
    relay = "[relay.example.net]\n\n\n"  # mail is likely to be fetched
    assert list(outsiders.examine(here)) == []
