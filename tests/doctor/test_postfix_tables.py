"""Tables in files that main.cf names, and what Postfix's own check says of its files."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from mailboxes.doctor import postfix_check, postfix_tables
from mailboxes.doctor.access import Output, Runner
from mailboxes.doctor.examination import Examination
from tests.doctor.conftest import as_root

SETTINGS = """\
alias_maps = hash:/etc/aliases
smtpd_client_restrictions = check_client_access cidr:{etc}/clients, permit
transport_maps = proxy:mysql:/etc/postfix/mailadmin/transports.cf
smtp_tls_session_cache_database = btree:/var/lib/postfix/smtp_scache
"""


def answering(lacking: Sequence[str], settings: str) -> Runner:
    """Return what answers as the programs of a host on which some of the tables can't be opened."""

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        if command[0] == "postconf":
            return Output(0, settings, "")
        assert command[:2] == ["postmap", "-q"] and command[3] in postfix_tables.PLACE.findall(
            settings
        )
        if command[3] in lacking:
            return Output(1, "", f"postmap: fatal: open {command[3]}: No such file or directory\n")
        return Output(1, "", "")

    return run


def test_tables_that_cannot_be_opened_are_made_again(
    examination: Examination, tmp_path: Path
) -> None:
    clients, settings = f"cidr:{tmp_path}/clients", SETTINGS.format(etc=tmp_path)
    here = as_root(examination, answering([], settings))
    assert list(postfix_tables.examine(here.access)) == []
    here = as_root(examination, answering(["hash:/etc/aliases", clients], settings))
    (found,) = postfix_tables.examine(here.access)
    assert (found.code, found.detail.count("No such file")) == ("maps.tables", 2)
    assert "alias_maps: postmap: fatal: open hash:/etc/aliases" in found.detail
    touched = f" && touch {tmp_path}/clients && systemctl restart postfix"
    assert found.remedy.command.endswith(f"postalias hash:/etc/aliases{touched}")


def test_the_words_of_postfixs_own_check_are_repeated(
    examination: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = tmp_path / "resolv.conf"
    monkeypatch.setattr(postfix_check, "RESOLVER", resolver)
    monkeypatch.setattr(postfix_check, "CHROOT", tmp_path / "chroot")
    said = "warning: not set-gid or not owner+group+world executable: /usr/sbin/postdrop\n"

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        link = "warning: symlink leaves directory: /etc/postfix/./makedefs.out\n"
        return Output(0, f"stopping\n{link}{said}{said}" if command[0] == "journalctl" else "", "")

    here = as_root(examination, run)
    (found,) = postfix_check.examine(here)
    assert found.detail == "not set-gid or not owner+group+world executable: /usr/sbin/postdrop"
    assert found.remedy.command.startswith("postfix set-permissions; ")
    said = ""
    assert list(postfix_check.examine(here)) == []
    resolver.touch()
    (found,) = postfix_check.examine(here)
    assert found.detail.endswith("resolv.conf is missing.")
