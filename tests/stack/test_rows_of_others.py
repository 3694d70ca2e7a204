"""The panel beside PostfixAdmin's rows, and beside worse ones."""

import gzip
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import CREATE_DATABASES, PANEL_ENV
from tests.servers import MariaDB

pytestmark = pytest.mark.stack
DATABASES = Path(__file__).resolve().parent.parent / "databases"
DUMPS = {"debian12": "postfixadmin33", "debian13": "postfixadmin40"}
NASTY = r"""
SET sql_mode = '';
ALTER TABLE alias MODIFY goto text NULL, MODIFY active tinyint(1) NULL;
ALTER TABLE mailbox MODIFY name varchar(255) CHARACTER SET utf8mb3 NULL, MODIFY quota bigint NULL,
  MODIFY maildir varchar(255) NULL, MODIFY domain varchar(255) NULL, MODIFY active tinyint(1) NULL;
ALTER TABLE domain MODIFY description varchar(255) CHARACTER SET utf8mb3 NULL,
  MODIFY quota bigint NULL, MODIFY aliases int NULL, MODIFY active tinyint(1) NULL;
INSERT INTO domain (domain, description, transport, created, modified, active, quota, maxquota,
    mailboxes, aliases, backupmx) VALUES
  ('ALL', '', '', '0000-00-00', '0000-00-00', 1, 0, 0, 0, 0, 0),
  ('Capital.Example', ' a ', 'relay:x', '0000-00-00', '0000-00-00', 2, -1, -1, -2, 2147483647, 2),
  ('null.example', NULL, '', '0000-00-00', NOW(), NULL, NULL, 0, 0, NULL, 0),
  ('loop1.example', '', 'virtual', NOW(), '0000-00-00', 1, 0, 0, 0, 0, 0),
  ('loop2.example', 'ü', 'virtual', NOW(), NOW(), 1, 0, 0, 0, 0, 0);
INSERT INTO alias_domain (alias_domain, target_domain, created, active) VALUES
  ('loop1.example', 'loop2.example', '0000-00-00', 2), ('loop2.example', 'loop1.example', NOW(), 1),
  ('self.example', 'self.example', NOW(), -1), ('BIG.example', '', NOW(), 1);
INSERT INTO mailbox (username, password, name, maildir, quota, local_part, domain, active, created)
VALUES
  ('stray@nowhere.example', '', '', '/srv/mail/stray', -1, 'stray', 'nowhere.example', 1, NOW()),
  ('two@example.net', 'geheim', ' blanks ', 'x', 1048577, 'two', 'example.net', 2, '0000-00-00'),
  ('Upper@Example.NET', '{md5raw}00', 'a"b<c>&', 'x', -5, 'Upper', 'Example.NET', -1, NOW()),
  ('b\u00fccher@example.net', '\u00fc', '\u00fc', 'x', 0, 'x', 'example.net', 1, NOW()),
  ('nodomain', 'x', '', '', 9223372036854775807, 'nodomain', '', 1, NOW()),
  ('null@example.net', '', NULL, NULL, NULL, '', NULL, NULL, NOW()),
  ('blank@example.net ', 'x', 'tab\tline\nnew', '', 0, 'blank', 'example.net', 1, NOW()),
  (CONCAT(REPEAT('x', 200), '@', REPEAT('y', 54)), REPEAT('z', 255), REPEAT('n', 255), '', 7, 'x',
   'example.net', 1, NOW());
INSERT INTO alias (address, goto, domain, active, created, modified) VALUES
  ('pipe@example.net', '"|/usr/bin/list x"', 'example.net', 1, NOW(), NOW()),
  ('root@example.net', 'root', 'example.net', -1, NOW(), NOW()),
  ('void@example.net', '', 'example.net', 2, '0000-00-00', '0000-00-00'),
  ('null@example.net', NULL, 'example.net', NULL, NOW(), NOW()),
  ('b\u00fccher@example.net', 'b\u00fccher@example.net', 'example.net', 0, NOW(), NOW()),
  ('all@example.net', '@example.org', 'example.net', 1, NOW(), NOW()),
  ('twice@example.net', 'a@x.example,a@x.example,,A@x.example ', 'example.net', 1, NOW(), NOW()),
  ('lines@example.net', ' a@x.example , b@x.example\n c@x.example', 'example.net', 1, NOW(), NOW()),
  ('list@example.net', ':include:/etc/x,/var/mail/x', 'example.net', 1, NOW(), NOW()),
  ('Upper@Example.NET', 'Upper@Example.NET,a#b.example@autoreply.example', 'Example.NET', 0, NOW(),
   NOW()),
  ('alone', 'alone', '', 1, NOW(), NOW()),
  ('long@example.net', REPEAT('abcdefghi,', 6000), 'example.net', 1, NOW(), NOW());
""".replace(r"\u00fc", "ü")
WALK = """
from django.conf import settings
from tests.conftest import STATIC
from tests.every_row import open_all, save_all, superuser
from tests.page_forms import read_form
settings.STORAGES["staticfiles"] = {"BACKEND": STATIC}
client = superuser()
print(open_all(client) + save_all(client))
for page, field in ("mailbox/two_40example.net", "name"), ("domain/loop1.example", "description"):
    page = f"/admin/mailboxes/{page}/change/"
    form = read_form(client.get(page).content.decode())
    answer = client.post(page, form | {field: "😀"}).content.decode()
    print(f"#id_{field}" in answer and "store one of these characters" in answer)
"""
# The account may read fetchmail's rows, but not change or delete them.
RENAME_AND_DELETE = """
from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.errors import Refused
from mailboxes.models import Alias, Domain, Fetchmail, Mailbox
from tests.conftest import TESTER
mailbox, new = Mailbox.objects.get(pk="two@example.net"), "zwei@example.net"
try:
    actions.rename_mailbox(TESTER, mailbox, Address.parse(new), keeps_old=False)
    domain = Domain.objects.get(pk="example.net")
    actions.rename_domain(TESTER, domain, DomainName.parse("e.example"))
    print(Fetchmail.objects.filter(pk="zwei@e.example", domain="e.example").count())
    print(Alias.objects.get(pk="Upper@e.example").goto)
    actions.delete_mailbox(TESTER, Mailbox.objects.get(pk="zwei@e.example"))
    print("deleted")
except Refused as error:
    print(error)
    try:
        actions.delete_mailbox(TESTER, mailbox)
    except Refused as error:
        print(error)
"""
LIMITED = PANEL_ENV | {"MAIL_DATABASE_URL": "mysql://limited:limited@127.0.0.1:3306/mail"}
CREATE_LIMITED = """
INSERT INTO fetchmail (mailbox, src_server, src_user, src_password, src_folder, mda)
  VALUES ('two@example.net', 'x', 'x', 'x', 'x', 'x');
CREATE USER limited@localhost IDENTIFIED BY 'limited';
GRANT SELECT ON mail.* TO limited@localhost;
"""
WRITTEN = ("domain", "mailbox", "alias", "alias_domain", "quota", "quota2", "vacation",
           "vacation_notification", "mailbox_app_password", "totp_exception_address",
           "domain_admins")  # fmt: skip


def shell(machine: Machine, script: str, env: dict[str, str]) -> str:
    manage: list[str | Path] = [machine.python, machine.checkout / "manage.py"]
    return machine.run([*manage, "shell", "-v0", "-c", script], env=env, timeout=300).stdout


def test_any_row_can_be_opened_and_saved_without_changing_it(
    machine: Machine, request: pytest.FixtureRequest
) -> None:
    mariadb = MariaDB(machine)
    mariadb.query(CREATE_DATABASES)
    dump = DUMPS[request.node.callspec.params["machine"]]
    mariadb.query(gzip.decompress((DATABASES / f"{dump}.sql.gz").read_bytes()).decode(), "mail")
    mariadb.query(NASTY, "mail")
    machine.run([machine.python, machine.checkout / "manage.py", "migrate"], env=PANEL_ENV)
    before = machine.run(["mariadb-dump", "--skip-dump-date", "mail"]).stdout
    assert shell(machine, WALK, PANEL_ENV) == "[]\nTrue\nTrue\n"
    assert machine.run(["mariadb-dump", "--skip-dump-date", "mail"]).stdout == before
    mariadb.query(CREATE_LIMITED, "mail")
    for table in set(WRITTEN) & set(mariadb.query("SHOW TABLES", "mail").split()):
        mariadb.query(f"GRANT INSERT, UPDATE, DELETE ON mail.{table} TO limited@localhost")
    refused = shell(machine, RENAME_AND_DELETE, LIMITED)
    to_rename, to_delete = refused.splitlines()
    assert all("the table “fetchmail” contains rows" in line for line in (to_rename, to_delete))
    assert "GRANT SELECT, DELETE ON mail.fetchmail TO" in to_delete
    statement = to_rename.partition("On the database host, run: ")[2]
    count = "SELECT COUNT(*) FROM mailbox JOIN fetchmail ON mailbox = username WHERE maildir = 'x'"
    assert mariadb.query(count, "mail") == "1\n"
    mariadb.query(statement)
    done = shell(machine, RENAME_AND_DELETE, LIMITED).splitlines()
    assert done == ["1", "Upper@e.example,a#b.example@autoreply.example", "deleted"]
    assert (
        mariadb.query("SELECT mailbox FROM fetchmail WHERE mailbox LIKE '%e.example'", "mail") == ""
    )
