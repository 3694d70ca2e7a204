"""Which settings of Postfix neither the panel nor Debian has, and the command that removes them."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailboxes.doctor import postfix_extras
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.postfix_extras import (
    extra_options,
    extra_settings,
    find,
    process_limits,
    remedy,
)
from mailboxes.doctor.submission import last_resort
from tests.doctor.conftest import as_root, printing
from tests.export.conftest import mail_host

OURS = {"submission/inet": {"smtpd_sasl_auth_enable": "yes"}}


@pytest.mark.parametrize(
    ("name", "is_named"),
    [
        ("smtpd_milters", True),
        ("content_filter", True),
        ("proxy_read_maps", True),
        ("default_process_limit", True),
        ("smtpd_sasl_type", False),  # ours: drift compares it
        ("smtpd_banner", False),  # Debian's
        ("message_size_limit", False),  # stops no port
        ("smtp_tls_security_level", False),  # only for mail that goes out
    ],
)
def test_only_what_can_stop_incoming_mail_is_named(name: str, is_named: bool) -> None:
    assert bool(extra_settings({name: "x"}, {"smtpd_sasl_type": "dovecot"})) == is_named


@pytest.mark.parametrize(
    ("key", "is_named"),
    [
        ("submission/inet/smtpd_sasl_security_options", True),
        ("submission/inet/smtpd_sasl_auth_enable", False),
        ("smtp/inet/smtpd_client_restrictions", True),
        ("127.0.0.1:10025/inet/smtpd_client_restrictions", False),
        ("cleanup/unix/virtual_alias_maps", True),
        ("pre-cleanup/unix/virtual_alias_maps", False),
        ("relay/unix/syslog_name", False),
    ],
)
def test_only_options_of_services_on_the_way_to_a_mailbox_are_named(
    key: str, is_named: bool
) -> None:
    assert bool(extra_options({key: "x"}, OURS)) == is_named


def test_a_limit_of_clients_is_named_and_lifted() -> None:
    lines = ["submission/inet/process_limit = 1", "smtp/inet/process_limit = -"]
    found = process_limits([*lines, "pickup/unix/process_limit = 1"], OURS)
    assert found == {"submission/inet/process_limit": "1"}
    assert remedy(found).command.startswith("postconf -F submission/inet/process_limit=-; ")


def test_its_command_removes_both_kinds_and_the_values_can_be_set_again() -> None:
    found = remedy({"smtpd_milters": "inet:a:1", "smtp/inet/content_filter": "b"})
    assert "smtpd_milters = inet:a:1; smtp/inet/content_filter = b" in str(found.advice)
    removed = "postconf -X smtpd_milters; postconf -PX smtp/inet/content_filter; "
    assert found.command.startswith(f"{removed}systemctl restart postfix; ")
    assert "hidden" not in str(remedy({"smtpd_client_restrictions": "mysql:{password=hidden}"}))
    assert "2 more" in str(remedy({f"smtpd_{number}": "x" for number in range(7)}).advice)


def test_settings_of_debians_own_file_that_are_gone_are_set_again(
    examination: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = tmp_path / "main.cf.debian"
    monkeypatch.setattr(postfix_extras, "STOCK", stock)
    here = as_root(examination, printing("biff = no\n"))
    assert postfix_extras.lost(here) is None
    stock.write_text("# comment = x\nbiff = no\nrelayhost =\ncyrus_sasl_config_path = /etc/x\n")
    found = postfix_extras.lost(here)
    assert found and found.command.startswith("postconf -e 'cyrus_sasl_config_path = /etc/x' && ")
    stock.write_text("biff = no\n")
    assert postfix_extras.lost(here) is None


def test_a_port_that_fails_is_mended_by_removing_them(examination: Examination) -> None:
    here = replace(examination, host=mail_host())
    root = as_root(here, printing("smtpd_milters = inet:127.0.0.1:8891\n"))
    assert find(root) == {"smtpd_milters": "inet:127.0.0.1:8891"}
    assert "postconf -X smtpd_milters" in last_resort(root).command
    assert "postconf -X" not in last_resort(root, of_postfix=False).command
    assert find(examination) == {}
    assert find(as_root(here, lambda *_args, **_kwargs: Output(127, "", ""))) == {}
