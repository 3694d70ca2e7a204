"""What systemd keeps from starting, or from working, is named with the command that allows it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from mailboxes.conf import MailHost
from mailboxes.doctor import units
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import broken, working
from mailboxes.doctor.remedies import restart
from tests.doctor.conftest import as_root
from tests.export.conftest import HOSTS, texts

STOPPED = broken("dovecot.stopped", "It isn't running.", restart("Start it:", "dovecot", "postfix"))


def showing(
    examination: Examination, state: str, paths: str = "", fragment: Path = Path("/")
) -> Examination:
    """Return an examination by root of a host whose units are all in this state."""

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        names = [word for word in command if word.endswith(".service")]
        more = f"LoadState={state}\nFragmentPath={fragment}\nDropInPaths={paths}\n"
        shown = [f"Id={name}\n{more}" for name in names]
        return Output(0, "\n".join(shown), "")

    return as_root(examination, run)


def test_a_masked_unit_is_unmasked_before_it_is_started(examination: Examination) -> None:
    (found,) = units.explain(showing(examination, "masked"), "dovecot", [STOPPED])
    command = "systemctl unmask dovecot postfix && systemctl restart dovecot postfix"
    assert found.remedy.command == command
    assert units.explain(showing(examination, "loaded"), "dovecot", [STOPPED]) == [STOPPED]


def test_what_restricts_a_daemon_is_named_only_if_its_hop_is_broken(
    examination: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "ADMINISTRATORS", str(tmp_path))
    path = tmp_path / "local.conf"
    path.write_text("[Service]\n#PrivateTmp=yes\nRestart=always\nPrivateNetwork=yes\n")
    host = showing(examination, "loaded", f"{path} /usr/lib/systemd/system/x.conf")
    found, same = units.explain(host, "dovecot", [STOPPED])
    assert (found.code, found.detail) == ("dovecot.units", f"{path}: PrivateNetwork=yes")
    assert found.remedy.command.startswith(f"mv {path} {path}.off && systemctl daemon-reload && ")
    assert same == STOPPED
    ours = path.rename(tmp_path / "mailadmin.conf")
    ours_only = showing(examination, "loaded", str(ours))
    assert units.explain(ours_only, "dovecot", [STOPPED]) == [STOPPED]
    ours.rename(path)
    healthy = [working("dovecot", "Fine.")]
    assert units.explain(host, "dovecot", healthy) == healthy
    host.broken.add("database")
    assert units.explain(host, "dovecot", [STOPPED]) == [STOPPED]
    host.broken.clear()
    path.write_text("[Service]\nRestart=always\n")
    assert units.explain(host, "dovecot", [STOPPED]) == [STOPPED]


def test_a_unit_that_takes_the_place_of_the_packages_is_named(
    examination: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, packaged = tmp_path / "etc/dovecot.service", tmp_path / "lib/dovecot.service"
    for path in (own, packaged):
        path.parent.mkdir()
        path.write_text("[Service]\nExecStart=/usr/sbin/dovecot -F\n")
    monkeypatch.setattr(units, "ADMINISTRATORS", str(own.parent))
    monkeypatch.setattr(units, "PACKAGES", packaged.parent)
    host = showing(examination, "loaded", fragment=own)
    assert units.explain(host, "dovecot", [STOPPED]) == [STOPPED]  # both are the same
    own.write_text("[Service]\nExecStart=/usr/sbin/dovecot -F -c /gone\n")
    found, _same = units.explain(host, "dovecot", [STOPPED])
    assert found.detail == f"{own}: ExecStart=/usr/sbin/dovecot -F -c /gone"
    assert found.remedy.command.startswith(f"mv {own} {own}.off && systemctl daemon-reload && ")


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_the_bundles_own_files_are_known_by_their_name(host: MailHost) -> None:
    added = [path for path in texts(host) if path.startswith("etc/systemd/")]
    assert {Path(path).name for path in added} <= {units.OURS}
