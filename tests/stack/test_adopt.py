"""adopt reports on databases made by other programs, with an account that may only read."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.machine import Machine
from tests.mailhost import CREATE_DATABASES, PANEL_ENV, newest_release
from tests.production import FROM_HERE
from tests.servers import MariaDB

pytestmark = pytest.mark.stack
DATABASES = Path(__file__).resolve().parent.parent / "databases"
READER = {"MAIL_DATABASE_URL": "mysql://reader:reader@127.0.0.1:3306/mail"}
# What real hosts contain besides.
NASTY = """
INSERT INTO domain (domain, description, transport, created, modified) VALUES
  ('ALL', '', '', '0000-00-00', '0000-00-00');
INSERT INTO mailbox (username, password, name, maildir, quota, local_part, domain) VALUES
  ('stray@nowhere.example', '', '', '/srv/mail/stray', -1, 'stray', 'nowhere.example'),
  ('caught@example.net', 'geheim', '', 'caught@example.net/', 1048576, 'caught', 'example.net');
INSERT INTO alias (address, goto, domain) VALUES
  ('pipe@example.net', '"|/usr/bin/list x"', 'example.net'),
  ('root@example.net', 'root', 'example.net'), ('void@example.net', '', 'example.net'),
  ('umlaut@example.net', 'b\xfccher@example.net', 'example.net'),
  ('all@example.net', '@example.org', 'example.net');
UPDATE alias SET active = 2 WHERE address = 'void@example.net';
ALTER TABLE vacation MODIFY active varchar(9); ALTER TABLE vacation MODIFY active enum('0', '1');
"""
# MariaDB compares an ENUM with a number by its place.
ENUMS = "".join(
    f"ALTER TABLE {table} MODIFY {column} {kind};"
    for table, column in (
        ("admin", "active"),
        ("admin", "superadmin"),
        ("domain_admins", "active"),
    )
    for kind in ("varchar(9)", "enum('0', '1')")
)
BROKEN = """
SET foreign_key_checks = 0;
RENAME TABLE vacation TO a, fetchmail TO b, quota2 TO c;
CREATE VIEW vacation AS SELECT * FROM a; CREATE VIEW quota2 AS SELECT * FROM c;
CREATE DEFINER = gone@localhost VIEW fetchmail AS SELECT * FROM b;
DROP TABLE a; DROP TABLE c;
"""

EXPECTED = {
    "domains": 7,
    "alias_domains": 1,
    "catch_alls": 1,
    "backup_mx": 1,
    "transport": 1,
    "without_domain": 1,
    "without_alias": 1,
    "caught": 1,
    "folders_user@domain/": 1,
    "folders_absolute": 1,
    "unit_1048576": 1,
    "minus_one": 1,
    "vacation": 1,
    "fetchmail": 1,
    "odd_active_alias": 1,
}
TAKEN_OVER = """\
dom2@example.org: added as Domain administrator for example.org. Disabled, as in PostfixAdmin.
dom@example.net: added as Domain administrator for example.net, gone.example.
super@example.org: added as Superuser.
Their second factors (TOTP) are not copied.
"""
UNEDITABLE = {"every_domain"} | {
    f"target_{kind}" for kind in ("empty", "program", "local_user", "domain", "other")
}


def read_dump(name: str) -> str:
    return gzip.decompress((DATABASES / f"{name}.sql.gz").read_bytes()).decode()


@pytest.fixture
def mariadb(machine: Machine) -> MariaDB:
    """A server with an account that can only read the mail database."""
    mariadb = MariaDB(machine)
    mariadb.query(CREATE_DATABASES)
    mariadb.query("CREATE USER reader@localhost IDENTIFIED BY 'reader';")
    mariadb.query("GRANT SELECT ON mail.* TO reader@localhost;")
    return mariadb


class Adoption:
    """The command on a mail database that is filled from a dump."""

    def __init__(self, machine: Machine, mariadb: MariaDB) -> None:
        self.machine, self.mariadb = machine, mariadb

    def load(self, dump: str, more: str = "") -> None:
        self.mariadb.query("DROP DATABASE mail; CREATE DATABASE mail")
        self.mariadb.query(f"{read_dump(dump)}; SET sql_mode = ''; {more}", "mail")

    def manage(self, line: str, check: bool = True) -> tuple[int, str]:
        """Run a command with the panel's account."""
        manage: list[str | Path] = [self.machine.python, self.machine.checkout / "manage.py"]
        done = self.machine.run([*manage, *line.split()], env=PANEL_ENV, check=check)
        return done.returncode, done.stdout + done.stderr

    def report(self, *arguments: str) -> tuple[int, str]:
        """Run adopt with the account that can only read; nothing may have changed afterwards."""
        before = self.dump()
        manage: list[str | Path] = [self.machine.python, self.machine.checkout / "manage.py"]
        done = self.machine.run([*manage, "adopt", *arguments], env=PANEL_ENV | READER, check=False)
        assert self.dump() == before and (done.stderr == "") == (done.returncode == 0)
        return done.returncode, done.stdout

    def dump(self) -> str:
        return self.machine.run(["mariadb-dump", "--skip-dump-date", "mail"]).stdout


@pytest.fixture
def adoption(machine: Machine, mariadb: MariaDB) -> Adoption:
    return Adoption(machine, mariadb)


def values(report: dict[str, Any]) -> dict[str, Any]:
    """Return the value of each line that has a code of its own."""
    return {line["code"]: line["value"] for part in report["sections"].values() for line in part}


@pytest.mark.parametrize(
    ("dump", "version"), [("postfixadmin33", "3.3"), ("postfixadmin40", "4.0")]
)
def test_a_database_of_postfixadmin_can_be_used(
    adoption: Adoption, dump: str, version: str
) -> None:
    adoption.load(dump)
    status, text = adoption.report()
    assert status == 0 and text.startswith(f"Tables of: PostfixAdmin {version}\n")
    assert text.endswith("\n\nThe panel can use these tables as they are.\n")
    # PostfixAdmin leaves it behind when hashing a password fails.
    alone = "Aliases that forward to themselves, without a mailbox: 1 (ddigest@example.org)"
    assert (alone in text) == (version == "3.3")
    assert "What can't be entered here" not in text
    adoption.load(dump, NASTY)
    status, text = adoption.report("--json")
    report = json.loads(text)
    found = values(report)
    assert (status, report["product"], report["usable"]) == (0, "PostfixAdmin", True)
    assert found.items() >= EXPECTED.items()
    assert ("app_passwords" in found) == (version == "4.0")
    assert ("no_smtp_active" in found) == (version == "3.3")
    assert found["missing_rights"] == "INSERT, UPDATE, DELETE"
    sections = report["sections"]
    assert {line["code"] for line in sections["uneditable"]} == UNEDITABLE
    cannot = [line for line in sections["passwords"] if line["code"] == "cannot_sign_in"]
    examples = {name for line in cannot for name in line["examples"]}
    assert {"authlib@example.org", "barehexmd5@example.org"} <= examples
    assert "geheim" not in text.lower()


@pytest.mark.parametrize(
    ("grants", "missing"),
    [
        (
            "REVOKE SELECT ON mail.* FROM reader@localhost;"
            "GRANT SELECT, INSERT, UPDATE, DELETE ON `mai_`.* TO reader@localhost",
            None,
        ),
        ("GRANT ALL ON `mail\\_`.* TO reader@localhost", "INSERT, UPDATE, DELETE"),
        (
            "CREATE ROLE panel_role; GRANT INSERT, UPDATE, DELETE ON mail.* TO panel_role;"
            "GRANT panel_role TO reader@localhost;"
            "SET DEFAULT ROLE panel_role FOR reader@localhost",
            None,
        ),
        (
            "GRANT INSERT, UPDATE, DELETE ON mail.mailbox TO reader@localhost;"
            "GRANT INSERT, UPDATE, DELETE ON mail.alias TO reader@localhost;"
            "GRANT INSERT, UPDATE, DELETE ON mail.domain TO reader@localhost;"
            "GRANT UPDATE (active) ON mail.alias_domain TO reader@localhost",
            "INSERT (alias_domain), UPDATE (alias_domain), DELETE (alias_domain)",
        ),
    ],
    ids=["pattern", "other-database", "role", "tables-and-columns"],
)
def test_rights_are_seen_however_they_were_granted(
    adoption: Adoption, grants: str, missing: str | None
) -> None:
    adoption.load("postfixadmin40")
    adoption.mariadb.query(grants)
    status, text = adoption.report("--json")
    assert status == 0 and values(json.loads(text)).get("missing_rights") == missing


@pytest.mark.parametrize(("dump", "product"), [("ispmail", "ISPmail"), ("vimbadmin3", "ViMbAdmin")])
def test_a_database_of_another_program_cannot_be_used(
    adoption: Adoption, dump: str, product: str
) -> None:
    adoption.load(dump)
    status, text = adoption.report()
    assert status == 1 and text.startswith(f"Tables of: {product}\n")
    assert f"These are the tables of {product}." in text


def test_every_reason_against_the_tables_is_named(adoption: Adoption) -> None:
    columns = "DROP phone, DROP token, DROP password_expiry"
    adoption.load("postfixadmin33", f"ALTER TABLE mailbox {columns}; DROP TABLE alias_domain")
    status, text = adoption.report()
    assert status == 1 and text.startswith("Tables of: PostfixAdmin 2.x\n")
    assert "The table mailbox lacks the columns password_expiry, phone, token" in text
    assert "The table alias_domain lacks the columns active, alias_domain" in text
    view = "SELECT CONCAT(address) address, goto, domain, created, modified, active FROM a"
    unusable = (
        *("ALTER TABLE domain ENGINE=MyISAM", "ALTER TABLE mailbox ENGINE=MyISAM"),
        *("RENAME TABLE alias TO a", f"CREATE VIEW alias AS {view}"),
    )
    adoption.mariadb.query("GRANT INSERT, UPDATE, DELETE ON mail.* TO reader@localhost")
    adoption.load("postfixadmin33", ";".join(unusable))
    status, text = adoption.report("--json")
    codes = [refusal["code"] for refusal in json.loads(text)["refusals"]]
    assert status == 1 and codes == ["engine", "engine", "view"]


@pytest.mark.parametrize("machine", newest_release(), indirect=True)
def test_an_optional_table_that_cannot_be_read_is_reported(adoption: Adoption) -> None:
    adoption.load("postfixadmin40", BROKEN)
    adoption.manage("migrate")
    status, text = adoption.manage("adopt --confirm", check=False)
    assert status == 0 and "Tables that can't be read" in text, text
    for table in ("quota2", "vacation"):
        assert f"  {table}: View 'mail.{table}' references invalid" in text
    assert "  fetchmail: Access denied for user 'panel'@'localhost'" in text
    adoption.manage("createmailbox new@example.net --generate")
    rename = "renamemailbox new@example.net other@example.net --yes"
    status, text = adoption.manage(rename, check=False)
    assert status == 1 and "the table “quota2” can't be read" in text and "Traceback" not in text
    adoption.mariadb.query("DROP VIEW vacation; DROP VIEW fetchmail; DROP VIEW quota2", "mail")
    adoption.manage(rename)
    adoption.mariadb.query("RENAME TABLE alias TO z; CREATE VIEW alias AS SELECT * FROM z", "mail")
    adoption.mariadb.query("DROP TABLE z", "mail")
    status, text = adoption.manage("adopt", check=False)
    assert status == 1 and "  The table “alias” can't be read. The database says: " in text


def test_columns_of_others_that_need_a_value_are_named(adoption: Adoption) -> None:
    own = "ADD x_id int NOT NULL, ADD x_note varchar(9), ADD x_level int NOT NULL DEFAULT 0"
    adoption.load("postfixadmin40", f"ALTER TABLE mailbox {own}")
    status, text = adoption.report()
    assert status == 1 and "The column x_id of the table mailbox has no default value" in text
    assert "x_note" not in text and "x_level" not in text
    status, text = adoption.manage("adopt", check=False)  # an account that may add rows
    assert status == 1 and "The column x_id of the table mailbox has no default value" in text
    narrow = (
        "MODIFY password varchar(110) NOT NULL, MODIFY active enum('0', '1') NOT NULL, "
        "MODIFY created varchar(30) NOT NULL, MODIFY quota varchar(30) NOT NULL, "
        "MODIFY smtp_active enum('0', '1') NOT NULL DEFAULT '1'"
    )
    key = "DROP PRIMARY KEY, ADD id int AUTO_INCREMENT PRIMARY KEY, ADD KEY (address)"
    adoption.load("postfixadmin40", f"ALTER TABLE mailbox {narrow}; ALTER TABLE alias {key}")
    report = json.loads(adoption.report("--json")[1])
    codes = [refusal["code"] for refusal in report["refusals"]]
    assert codes == ["not_unique", *["other_type"] * 2, "too_short", *["other_type"] * 2]
    adoption.load("postfixadmin40", f"ALTER TABLE mailbox {own}")
    adoption.manage("migrate")
    status, text = adoption.manage("createmailbox new@example.net --generate", check=False)
    assert status == 1 and "Field 'x_id' doesn't have a default value." in text


def test_tables_with_a_prefix_are_used_through_views(adoption: Adoption) -> None:
    tables = ("domain", "mailbox", "alias", "alias_domain")
    rename = ", ".join(f"{table} TO pfa_{table}" for table in tables)
    adoption.load("postfixadmin40", f"RENAME TABLE {rename}")
    status, text = adoption.report()
    assert status == 1 and "CREATE VIEW mailbox AS SELECT * FROM pfa_mailbox;" in text
    for table in tables:
        adoption.mariadb.query(f"CREATE VIEW {table} AS SELECT * FROM pfa_{table}", "mail")
    adoption.manage("migrate")
    assert adoption.report("--confirm")[0] == 0
    adoption.manage("createmailbox new@example.net --generate")
    assert adoption.mariadb.query("SELECT 1 FROM pfa_mailbox WHERE local_part = 'new'", "mail")


def test_an_adopted_database_is_used_as_it_is_until_the_adoption_is_undone(
    adoption: Adoption,
) -> None:
    adoption.load("postfixadmin40", ENUMS)
    adoption.manage("migrate")
    assert adoption.manage("migrate --database mail", check=False)[0] == 1
    status, text = adoption.report("--confirm", "--folders", "user@domain/", "--administrators")
    assert status == 0 and text.endswith(
        f"New mailboxes get folders like user@domain/\n{TAKEN_OVER}"
    )
    before = adoption.dump()
    assert adoption.manage("migrate --database mail") == (
        0,
        "The mail database was adopted, so nothing is migrated there.\n",
    )
    assert adoption.mariadb.query("SELECT host FROM adoption_adoption", "panel") == (
        "localhost:3306\n"
    )
    adoption.mariadb.query("UPDATE adoption_adoption SET host = 'db1:3306'", "panel")
    status, text = adoption.manage("migrate --database mail")
    assert status == 0 and "Warning: The mail database was adopted on db1:3306 and is now" in text
    for line in ("migrate --database mail mailboxes zero", "migrate --fake --database mail"):
        assert adoption.manage(line, check=False)[0] == 1
    assert adoption.dump() == before
    adoption.manage("createmailbox new@example.net --generate")
    folder = "SELECT maildir FROM mailbox WHERE username = 'new@example.net'"
    assert adoption.mariadb.query(folder, "mail") == "new@example.net/\n"
    status, text = adoption.report("--undo")
    assert status == 0 and text == (
        "new@example.net: {CRAM-MD5}; “encrypt”: dovecot:CRAM-MD5\n"
        "The adoption was undone. The mail database was not changed, and the panel's "
        "administrators are kept.\n"
    )
    assert adoption.manage("migrate --database mail", check=False)[0] == 1
    logged = "SELECT action FROM audit_entry WHERE action LIKE 'maildatabase.%' ORDER BY seq"
    wrapped = "SELECT username FROM auth_user WHERE password LIKE 'mail$%'"
    names = set(adoption.mariadb.query(wrapped, "panel").split())
    assert names == {"dom2@example.org", "dom@example.net", "super@example.org"}
    entries = adoption.mariadb.query(logged, "panel").split()
    assert entries == ["maildatabase.adopt", "maildatabase.forget"]


def test_administrators_that_cannot_be_read_are_refused(adoption: Adoption) -> None:
    adoption.load("postfixadmin40")
    adoption.manage("migrate")
    adoption.mariadb.query("REVOKE SELECT ON mail.* FROM reader@localhost")
    for table in ("domain", "mailbox", "alias", "alias_domain", "domain_admins"):
        adoption.mariadb.query(f"GRANT SELECT ON mail.{table} TO reader@localhost")
    manage: list[str | Path] = [adoption.machine.python, adoption.machine.checkout / "manage.py"]
    line = [*manage, "adopt", "--confirm", "--administrators"]
    done = adoption.machine.run(line, env=PANEL_ENV | READER, check=False)
    assert done.returncode == 1
    assert "GRANT SELECT ON mail.admin TO 'reader'@'localhost';" in done.stderr
    adoption.mariadb.query("DROP TABLE domain_admins", "mail")
    adoption.manage("adopt --undo", check=False)
    status, text = adoption.manage("adopt --confirm --administrators", check=False)
    missing = "No administrator was added: the table “domain_admins” doesn't exist."
    assert status == 1 and missing in text


def test_a_name_that_the_column_cannot_store_is_refused(adoption: Adoption) -> None:
    narrow = "ALTER TABLE mailbox MODIFY name varchar(255) CHARACTER SET utf8mb3 NOT NULL"
    adoption.load("postfixadmin33", narrow)
    adoption.manage("migrate")
    before = adoption.dump()
    for line in (
        "createmailbox new@example.net --generate --name \N{GRINNING FACE}",
        "createdomain new.example --description \N{GRINNING FACE}",
    ):
        status, text = adoption.manage(line, check=False)
        assert status == 1 and "The database can't store one of these characters" in text
    assert adoption.dump() == before
    adoption.load("postfixadmin40")
    adoption.manage("createmailbox new@example.net --generate --name \N{GRINNING FACE}")


@pytest.mark.parametrize("machine", newest_release(), indirect=True)
def test_the_steps_of_the_documentation_adopt_a_database(
    machine: Machine, mariadb: MariaDB, adoption: Adoption
) -> None:
    adoption.load("postfixadmin40")
    before = adoption.dump()
    folder = machine.checkout

    def run(*command: str, ends_with: int = 0) -> str:
        line = ["sh", "-c", f'cd {folder} && exec "$@"', "sh", *command]
        done = machine.run(line, env=FROM_HERE, check=False, timeout=600)
        assert done.returncode == ends_with, done
        return done.stdout + done.stderr

    setup, adopt = ("./deploy/run", "--setup"), (".venv/bin/python", "manage.py", "adopt")
    run(*setup)
    with (machine / f"{folder}/.env").open("a") as env:
        env.write("DATABASE_URL=mysql://panel:panel@localhost/panel\n")
        env.write("MAIL_DATABASE_URL=mysql://reader:reader@localhost/mail\n")
    assert ".venv/bin/python manage.py adopt\n" in run(*setup, ends_with=1)
    run(*adopt)
    mariadb.query("GRANT INSERT, UPDATE, DELETE ON mail.* TO reader@localhost")
    run(*adopt, "--confirm", "--administrators")
    assert "Created the first administrator" not in run(*setup)
    for password, name in {"Super-Geheim-1": "super@example.org", "Super-Geheim-2": "None"}.items():
        code = f"print(authenticate(username='super@example.org', password='{password}'))"
        line = f"from django.contrib.auth import authenticate; {code}"
        text = run(".venv/bin/python", "manage.py", "shell", "--no-imports", "-c", line)
        assert text.split()[0] == name
    run(".venv/bin/python", "manage.py", "check", "--database", "mail")
    run(*adopt, "--undo")
    assert adoption.dump() == before
