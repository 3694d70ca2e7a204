"""The hop `tables`: each fault is named with what to do, and tables in order are green."""

import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connections

from mailboxes.conf import MailHost, mail_host
from mailboxes.doctor import backups
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding
from mailboxes.doctor.tables import aliases, definitions, examine, folders, mailboxes
from mailboxes.lookup_tables import tables
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.sending import set_may_send
from tests.conftest import add_mailbox
from tests.doctor.conftest import as_root, printing
from tests.export.conftest import HOSTS
from tests.hashes import CRAM, MD5, SHA512_CRYPT

Fault = Callable[[], object]


def unhealthy(examination: Examination) -> dict[str, Finding]:
    """Return what isn't green, by code; this process doesn't see the folders."""
    found = {each.code: each for each in examine(examination) if each.state != "working"}
    found.pop("tables.folders", None)
    return found


def add(address: str, stored: str = f"{{CRAM-MD5}}{CRAM}", **more: object) -> None:
    """Add a mailbox with its own alias."""
    add_mailbox(address, stored, maildir=f"{address}/", **more)
    forward(address, address)


def forward(address: str, goto: str, **more: object) -> None:
    domain = address.rpartition("@")[2]
    Alias.objects.create(address=address, goto=goto, domain_id=domain, **more)


def lose_domain() -> None:
    add("anna@gone.example")
    forward("info@gone.example", "bob@example.org")
    Domain.objects.filter(pk="gone.example").delete()


def lose_own_alias(address: str = "bob@example.org") -> None:
    Alias.objects.filter(pk=address).delete()


def disable_own_alias() -> None:
    forward("@example.org", "anna@example.org")
    Alias.objects.filter(pk="bob@example.org").update(active=False)


def let_catch_all_take_it() -> None:
    forward("@example.org", "anna@example.org")
    lose_own_alias()


def forward_in_a_loop() -> None:
    forward("one@example.org", "two@example.org")
    forward("two@example.org", "one@example.org")


def forward_to_too_many() -> None:
    forward("all@example.org", ",".join(f"box{number}@example.net" for number in range(1001)))


def forward_to_a_disabled_mailbox() -> None:
    add("eve@example.org", active=False)
    forward("info@example.org", "eve@example.org")


def forbid_sending() -> None:
    for address in ("anna@example.org", "bob@example.org"):
        set_may_send(address, False)


def alias_domain_to_nowhere() -> None:
    Domain.objects.create(domain="old.example")
    AliasDomain.objects.create(alias_domain="old.example", target_domain="gone.example")


FAULTS: dict[str, tuple[Fault, str, str, str, str]] = {
    "a hash that is refused as weak": (
        lambda: add("md5@example.org", MD5),
        *("tables.passwords.weak", "broken", "md5@example.org", "MAIL_ALLOW_WEAK_SCHEMES"),
    ),
    "no password": (
        lambda: add("empty@example.org", ""),
        *("tables.passwords.empty", "broken", "without a stored password", "Set new passwords"),
    ),
    "a damaged hash": (
        lambda: add("bad@example.org", f"{{CRAM-MD5}}{CRAM[:20]}"),
        *("tables.passwords.unknown", "broken", "damaged", "Set new passwords"),
    ),
    "a hash for PLAIN only": (
        lambda: add("six@example.org", SHA512_CRYPT),
        *("tables.passwords.plain_only", "warning", "SHA512-CRYPT", "MAIL_PASSWORD_SCHEME"),
    ),
    "a password that is cut off to nothing": (
        lambda: add("cut@example.org", "{PLAIN-TRUNC}0-"),
        *("tables.passwords.open", "broken", "cut@example.org", "Set new passwords"),
    ),
    "an empty password": (
        lambda: add("plain@example.org", "{PLAIN}"),
        *("tables.passwords.open", "broken", "plain@example.org", "Set new passwords"),
    ),
    "a domain that is gone": (
        lose_domain,
        *("tables.mailboxes.domain", "broken", "anna@gone.example", "createdomain gone.example"),
    ),
    "aliases of a domain that is gone": (
        lose_domain,
        *("tables.aliases.orphans", "warning", "info@gone.example", "DELETE FROM alias"),
    ),
    "no own alias": (
        lose_own_alias,
        *("tables.mailboxes.alias", "warning", "bob@example.org", "INSERT INTO alias"),
    ),
    "no own alias beside a catch-all": (
        let_catch_all_take_it,
        *("tables.mailboxes.caught", "broken", "bob@example.org", "INSERT INTO alias"),
    ),
    "a disabled own alias beside a catch-all": (
        disable_own_alias,
        *("tables.mailboxes.caught", "broken", "bob@example.org", "UPDATE alias SET active = 1"),
    ),
    "a negative quota": (
        lambda: add("minus@example.org", quota=-1),
        *("tables.mailboxes.quota", "warning", "minus@example.org", "quota"),
    ),
    "a loop": (
        forward_in_a_loop,
        *("tables.aliases.loop", "broken", "2 aliases", "checkaliases"),
    ),
    "more targets than Postfix expands": (
        forward_to_too_many,
        *("tables.aliases.too_many", "broken", "1,000 addresses", "checkaliases"),
    ),
    "an alias to nowhere": (
        lambda: forward("info@example.org", "nobody@example.org"),
        *("tables.aliases.dead", "warning", "doesn't exist", "checkaliases"),
    ),
    "an alias to a disabled mailbox": (
        forward_to_a_disabled_mailbox,
        *("tables.aliases.dead", "warning", "eve@example.org (disabled)", "checkaliases"),
    ),
    "an alias domain to nowhere": (
        alias_domain_to_nowhere,
        *("tables.alias_domains", "broken", "old.example", "Create the domain"),
    ),
    "a domain with the host's own name": (
        lambda: Domain.objects.create(domain="mail.example.test"),
        *("tables.own_name", "broken", "mail.example.test", "MAIL_HOSTNAME"),
    ),
    "a domain with another of the host's own names": (
        lambda: Domain.objects.create(domain="localhost.example.test"),
        *("tables.own_name", "broken", "localhost.example.test", "Rename the domain"),
    ),
    "no active domain": (
        lambda: Domain.objects.update(active=False),
        *("tables.domains.inactive", "broken", "nobody can sign in", "UPDATE domain SET active"),
    ),
    "no active mailbox": (
        lambda: Mailbox.objects.update(active=False),
        *("tables.mailboxes.inactive", "warning", "nobody can sign in", "UPDATE mailbox SET act"),
    ),
    "nobody may send": (
        forbid_sending,
        *("tables.mailboxes.send", "warning", "refused on ports", "SET smtp_active = 1"),
    ),
    "mailboxes in a relayed domain": (
        lambda: Domain.objects.update(transport="relay:mail.example.net"),
        *("tables.domains.relayed", "warning", "example.org", "SET transport"),
    ),
    "mailboxes in a backup domain": (
        lambda: Domain.objects.update(backupmx=True),
        *("tables.domains.relayed", "warning", "example.org", "backupmx = 0"),
    ),
}


@pytest.fixture
def healthy(examination: Examination) -> Examination:
    add("anna@example.org")
    add("bob@example.org")
    forward("team@example.org", "anna@example.org,someone@example.net")
    return examination


def test_tables_in_order_are_green(healthy: Examination) -> None:
    assert unhealthy(healthy) == {}
    seen = " ".join(finding.seen for finding in examine(healthy))
    assert "Active mailboxes: 2. Stored as {CRAM-MD5}: 2." in seen


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_what_to_do(healthy: Examination, name: str) -> None:
    act, code, state, seen, remedy = FAULTS[name]
    act()
    found = unhealthy(healthy)[code]
    assert (found.state, seen in found.seen) == (state, True), found
    assert remedy in f"{found.remedy.advice} {found.remedy.command}"


def test_the_first_three_are_named(healthy: Examination) -> None:
    for name in "abcd":
        add(f"{name}@example.org", "")
    seen = unhealthy(healthy)["tables.passwords.empty"].seen
    assert "4 mailboxes" in seen and "(a@example.org, b@example.org, c@example.org, …)" in seen


@pytest.mark.parametrize("stored", ["$6$$", "$1$c9809462$"])
def test_salts_that_all_hashes_share_are_named(healthy: Examination, stored: str) -> None:
    rest = {"$6$$": 86, "$1$c9809462$": 22}[stored]
    add("salt@example.org", stored + "." * rest)
    assert "salt@example.org" in unhealthy(healthy)["tables.passwords.salt"].seen


def test_what_administrators_have_chosen_is_no_fault(examination: Examination) -> None:
    add("md5@example.org", MD5)
    add("off@example.org", "", active=False)
    lose_own_alias("off@example.org")
    assert set(unhealthy(v1(examination))) == set()
    allowed = replace(examination.host, weak_schemes=True)
    assert "tables.passwords.weak" not in unhealthy(replace(examination, host=allowed))


def v1(examination: Examination) -> Examination:
    return replace(examination, host=replace(host_of("v1"), hostname="mail.example.test"))


def host_of(variant: str) -> MailHost:
    return mail_host(variant, "debian13")


def test_v1_reads_only_its_own_scheme(healthy: Examination) -> None:
    found = unhealthy(v1(healthy))["tables.passwords.not_for_pam"]
    assert found.state == "broken" and "pam_mysql only reads" in found.seen


def test_other_names_of_the_host_are_asked_for(healthy: Examination) -> None:
    names = printing("mail.example.test, Example.ORG, localhost\n")
    found = unhealthy(as_root(healthy, names))["tables.own_name"]
    setting = "postconf -e 'mydestination = mail.example.test, localhost' && "
    assert "example.org" in found.seen and found.remedy.command.startswith(setting)


def test_postfix_gets_its_own_name_back(healthy: Examination) -> None:
    found = unhealthy(as_root(healthy, printing("Example.ORG\n")))
    command = "postconf -e 'myhostname = mail.example.test' && systemctl restart postfix"
    for code in ("tables.own_name", "tables.mail_for_root"):
        assert found[code].remedy.command == command


def test_mail_for_root_that_nobody_receives_is_named(healthy: Examination) -> None:
    code, seen = "tables.mail_for_root", as_root(healthy, printing("Example.ORG\n"))
    assert "goes to root@example.org (myorigin)" in unhealthy(seen)[code].seen
    forward("root@example.org", "anna@example.org")
    assert code not in unhealthy(seen)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_mail_elsewhere_is_named(healthy: Examination, tmp_path: Path, elsewhere: bool) -> None:
    host = replace(healthy.host, home=str(tmp_path), uid=os.geteuid())
    folder = "vmail/example.org/bob" if elsewhere else "bob@example.org"
    (tmp_path / folder / "cur").mkdir(parents=True)
    if elsewhere:
        (tmp_path / "example.org/bob/Maildir/cur").mkdir(parents=True)
    found = {
        each.code: each
        for each in examine(as_root(replace(healthy, host=host), printing("")))
        if "folders" in each.code
    }
    if not elsewhere:
        assert found["tables.folders"].state == "working"
        (owned,) = folders.foreign_owner(replace(host, uid=host.uid + 1))
        assert str(tmp_path / folder) in owned.seen and "chown -R " in owned.remedy.command
        return
    misplaced = found["tables.folders.misplaced"]
    assert "bob@example.org" in misplaced.seen and misplaced.state == "broken"
    assert "MAIL_LOCATION=" in str(misplaced.remedy.advice)


def test_too_large_tables_are_read_in_part(healthy: Examination) -> None:
    for part, rows in ((mailboxes, "mailboxes"), (aliases, "aliases")):
        (found,) = part.examine(healthy, deadline=0.0)  # nothing else is called in order
        assert (found.code, found.state) == (f"tables.{rows}.rest", "not checked")
        assert f"all {rows}, only the first 0 of them" in found.seen


@pytest.mark.parametrize(("column", "state"), [("quota", "broken"), ("token", "warning")])
def test_a_missing_column_is_named_and_its_statement_adds_it(
    healthy: Examination, column: str, state: str
) -> None:
    with connections["mail"].cursor() as cursor:
        tables.drop(connections["mail"])  # SQLite keeps columns that a trigger reads
        cursor.execute(f"ALTER TABLE mailbox DROP COLUMN {column}")
        found = unhealthy(healthy)["tables.columns"]
        assert (found.state, column in found.seen) == (state, True)
        cursor.execute(shlex.split(found.remedy.command)[-1])
    assert unhealthy(healthy) == {}


def test_a_renamed_column_gets_its_name_back_and_empty_folders_are_named(
    healthy: Examination,
) -> None:
    Mailbox.objects.filter(pk="anna@example.org").update(maildir="")
    found = unhealthy(healthy)["tables.mailboxes.folder"]
    assert found.mailboxes == ("anna@example.org",)
    with connections["mail"].cursor() as cursor:
        cursor.execute(shlex.split(found.remedy.command)[-1])
        assert unhealthy(healthy) == {}
        cursor.execute("ALTER TABLE mailbox RENAME COLUMN quota TO old_quota")
        (found,) = definitions.columns(healthy)
        assert "the columns old_quota" in str(found.remedy.advice)
        cursor.execute(shlex.split(found.remedy.command)[-1])
    assert unhealthy(healthy) == {}


def test_a_folder_without_its_last_slash_is_named_where_postfix_delivers(
    healthy: Examination,
) -> None:
    Mailbox.objects.filter(pk="anna@example.org").update(maildir="example.org/anna")
    host = next(host for name, host in HOSTS.items() if "v1" in name)
    (found,) = folders.without_slash(host)
    assert (found.code, found.mailboxes) == ("tables.mailboxes.slash", ("anna@example.org",))
    assert "SET maildir = CONCAT(maildir, " in found.remedy.command
    Mailbox.objects.filter(pk="anna@example.org").update(maildir="example.org/anna/")
    assert list(folders.without_slash(host)) == []


def test_a_renamed_table_gets_its_name_back(healthy: Examination) -> None:
    with connections["mail"].cursor() as cursor:
        tables.drop(connections["mail"])
        cursor.execute("ALTER TABLE alias_domain RENAME TO alias_domain_old")
        (found,) = definitions.columns(healthy)
        assert (found.code, "alias_domain is missing" in found.seen) == ("tables.missing", True)
        cursor.execute(shlex.split(found.remedy.command)[-1])
        assert list(definitions.columns(healthy)) == []
        cursor.execute("DROP TABLE alias_domain")
        (found,) = definitions.columns(healthy)
        assert found.code == "tables.missing" and "If it was empty" in str(found.remedy.advice)
        for statement in shlex.split(found.remedy.command)[-1].split(";"):
            cursor.execute(statement)
        assert list(definitions.columns(healthy)) == []


def test_a_table_of_dovecot_that_is_gone_is_named_and_created_again(healthy: Examination) -> None:
    assert list(definitions.without_usage(healthy)) == []
    with connections["mail"].cursor() as cursor:
        tables.drop(connections["mail"])
        cursor.execute("ALTER TABLE quota2 RENAME TO quota2_old")
        (found,) = definitions.without_usage(healthy)
        assert (found.code, "quota2_old" in str(found.remedy.advice)) == ("tables.missing", True)
        cursor.execute("DROP TABLE quota2_old")
        (found,) = definitions.without_usage(healthy)
        for statement in shlex.split(found.remedy.command)[-1].split(";"):
            cursor.execute(statement)
    assert list(definitions.without_usage(healthy)) == []


def test_a_table_that_cannot_be_empty_is_restored(
    healthy: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "BACKUPS", tmp_path)
    assert not definitions.restore_or_create(healthy, "domain").command
    tmp_path.joinpath("new.tar.gz").touch()
    command = definitions.restore_or_create(healthy, "domain").command
    assert command.startswith(f".venv/bin/python manage.py restore --replace {tmp_path}/new.tar.gz")


def test_the_statements_for_own_aliases_mend_them(healthy: Examination) -> None:
    disable_own_alias()
    lose_own_alias("anna@example.org")
    found = unhealthy(healthy)["tables.mailboxes.caught"]
    with connections["mail"].cursor() as cursor:
        for statement in shlex.split(found.remedy.command)[-1].split(";"):
            cursor.execute(statement)
    assert unhealthy(healthy) == {}


def test_the_statement_for_orphans_deletes_no_others(healthy: Examination) -> None:
    lose_domain()
    found = unhealthy(healthy)["tables.aliases.orphans"]
    with connections["mail"].cursor() as cursor:
        cursor.execute(shlex.split(found.remedy.command)[-1])
    assert Alias.objects.filter(pk="team@example.org").exists()
    assert not Alias.objects.filter(pk__endswith="@gone.example").exists()


@pytest.mark.parametrize(
    ("view", "condition", "lost", "command"),
    [
        ("domain", "WHERE 0", "", "ALTER TABLE `domain_old` RENAME TO domain"),
        ("alias", "WHERE 0", "", "ALTER TABLE `alias_old` RENAME TO alias"),
        ("domain", "WHERE 0", "description", ""),  # it may be another table
        ("domain", "", "", None),
        ("alias_domain", "", "", None),  # the table has no rows either
    ],
)
def test_a_view_that_hides_all_rows_is_named_and_nothing_that_follows_from_it(
    examination: Examination,
    domain: Domain,
    view: str,
    condition: str,
    lost: str,
    command: str | None,
) -> None:
    add("anna@example.org")
    forward("info@example.org", "anna@example.org")
    with connections["mail"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {view} RENAME TO {view}_old")
        columns = "*"
        if lost:
            cursor.execute(f"ALTER TABLE {view}_old RENAME COLUMN {lost} TO other")
            columns = f"*, other AS {lost}"
        cursor.execute(f"CREATE VIEW {view} AS SELECT {columns} FROM {view}_old {condition}")
    found = unhealthy(examination)
    is_hidden = command is not None
    assert ("tables.view" in found, "tables.rows" in found) == (is_hidden, is_hidden)
    assert not {"tables.mailboxes.domain", "tables.aliases.orphans"}.intersection(found)
    if command is not None:
        assert found["tables.view"].seen.startswith(f"{view} is a view that has no rows")
        remedy = found["tables.view"].remedy
        assert command in remedy.command and bool(remedy.command) == bool(command)
