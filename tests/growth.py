"""How many rows MariaDB reads for a page at two sizes; test_growth.py runs this in a machine.

Prints a line for each page: what it is, and the rows at the first and at the second size. Times on
a shared machine are noise; the rows read are the same wherever it runs.
"""

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
settings.ALLOWED_HOSTS = ["testserver"]
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402

from mailboxes.access.grants import scope_of  # noqa: E402
from mailboxes.access.roles import Role  # noqa: E402
from mailboxes.access.scope import EVERYTHING  # noqa: E402
from mailboxes.actions.administrators import RoleAssignment, create_administrator  # noqa: E402
from mailboxes.audit.actors import COMMAND, Actor  # noqa: E402
from mailboxes.audit.entries import of_object, read  # noqa: E402
from mailboxes.lookup_tables import tables as lookup_tables  # noqa: E402
from mailboxes.views.dashboard import latest  # noqa: E402
from tests.every_request import bulk_actions, every_request  # noqa: E402
from tests.export.test_lookups import query_of  # noqa: E402
from tests.export.test_sender_logins import senders  # noqa: E402

TESTER = Actor(COMMAND, "tester", scope=EVERYTHING)
SIZES = (6_000, 60_000)
MAX_ROWS = 5000
"""How many rows one statement may read."""

TINY = [f"tiny{number:03}.example" for number in range(300)]
LOG, MAILBOXES, ALIASES = "/admin/log/", "/admin/mailboxes/mailbox/", "/admin/mailboxes/alias/"
DOMAINS = "/admin/mailboxes/domain/"
FULL = ("attention=full", "attention=full&active__exact=0")
Page = tuple[str, Callable[[], object]]

# The first entries are about rare.example; the newest tenth are failed sign-ins.
FILL_LOG = """\
INSERT INTO audit_entry
    (seq, at, phase, begun, action, actor_kind, actor, client, text, digest, mac)
SELECT seq, '2026-01-01' + INTERVAL seq MINUTE, @phase := IF(seq > {events} OR seq % 4 IN (0, 3),
    'event', IF(seq % 4 = 1, 'begun', 'done')), IF(@phase = 'done', seq - 1, NULL),
    IF(@phase = 'event', 'mailbox.failed-sign-in',
        IF(seq - seq % 4 = 40, 'domain.delete', 'mailbox.change')),
    'administrator', IF(@phase = 'event', CONCAT('u', seq), IF(seq < 40, 'otto', 'rita')),
    '192.0.2.7', '', '', '' FROM seq_{first}_to_{last};
INSERT INTO audit_subject (model, name, domain, changes, entry_id, start)
SELECT 'mailbox', CONCAT('box', seq, '@', @domain := IF(seq < 40, 'rare', 'tiny001'), '.example'),
    CONCAT(@domain, '.example'), '{{}}', seq, seq FROM seq_{first}_to_{last} WHERE seq % 4 = 1;
INSERT INTO audit_head (id, seq, mac, pruned_seq, pruned_mac, pruned_seal)
VALUES (1, {last}, '', 0, '', '') ON DUPLICATE KEY UPDATE seq = {last};
ANALYZE TABLE audit_entry, audit_subject;
"""
# One change of many rows, in batches of 500.
FILL_BULK = """\
INSERT INTO audit_entry (seq, at, phase, parent, action, actor_kind, actor, client, text, digest,
    mac) SELECT 900000 + seq, '2040-01-01', 'begun', NULLIF(900001, 900000 + seq),
    'mailbox.disable', 'administrator', 'rita', '', '', '', '' FROM seq_{first}_to_{last};
INSERT INTO audit_subject (model, name, domain, changes, entry_id, start)
SELECT 'mailbox', CONCAT('bulk', n.seq, '.', e.seq, '@tiny001.example'), 'tiny001.example', '{{}}',
    900000 + e.seq, 900001 FROM seq_{first}_to_{last} e, seq_1_to_500 n;
ANALYZE TABLE audit_entry, audit_subject;
"""
FILL_MAILBOXES = """\
INSERT INTO mailbox (username, password, name, maildir, local_part, domain, quota)
SELECT CONCAT('box', seq, '@',
    @domain := CONCAT('large', IF(seq % 3, seq % 10, 1), '.example')), 'x',
    CONCAT(ELT(1 + seq % 3, 'Anna', 'Jean-Luc', 'Zoë'), ' ',
        ELT(1 + seq % 4, 'Koch', 'Berg', 'Li', 'Öz')), 'm/', CONCAT('box', seq),
    @domain, 1000 FROM seq_{first}_to_{last};
INSERT INTO alias (address, goto, domain) SELECT CONCAT('to.', username), username, domain
FROM mailbox WHERE domain LIKE 'large%' ON DUPLICATE KEY UPDATE goto = goto;
ANALYZE TABLE mailbox, alias;
"""
# A few of all, whose number doesn't grow with the tables.
FILL_EXCEPTIONS = """\
INSERT IGNORE INTO alias (address, goto, domain) SELECT username, username, domain FROM mailbox;
INSERT IGNORE INTO quota2 (username, bytes) SELECT username, 5 FROM mailbox;
INSERT IGNORE INTO last_login (username, domain, last_login) SELECT username, domain, 6
FROM mailbox;
UPDATE mailbox SET active = 0 WHERE username LIKE 'box5_@%' OR username LIKE 'box59__@%';
UPDATE alias SET goto = 'gone@refused.invalid' WHERE address LIKE 'to.box9_@%';
INSERT INTO quota2 (username, bytes) SELECT username, 950 FROM mailbox
WHERE username LIKE 'box3_@%' ON DUPLICATE KEY UPDATE bytes = 950;
INSERT IGNORE INTO last_login (username, domain, last_login) SELECT username, domain, 5
FROM mailbox WHERE username LIKE 'box4_@%';
UPDATE domain SET mailboxes = 1000000, aliases = 1000000, quota = 1000000
WHERE domain = 'large3.example';
INSERT IGNORE INTO domain (domain, description, transport) VALUES ('empty.example', '', '');
ANALYZE TABLE mailbox, alias, domain, quota2;
"""
# So that nothing is said to be too much for an adopted database.
SHORTEN = """\
DELETE FROM alias WHERE domain LIKE 'large%' AND address NOT REGEXP '^(to.)?box[0-9]{1,4}@';
DELETE FROM mailbox WHERE domain LIKE 'large%' AND username NOT REGEXP '^box[0-9]{1,4}@';
ANALYZE TABLE mailbox, alias;
"""
FILL_TINY = """\
INSERT INTO domain (domain, description, transport)
SELECT CONCAT('tiny', LPAD(seq, 3, '0'), '.example'), '', '' FROM seq_0_to_299;
INSERT INTO domain (domain, description, transport)
SELECT CONCAT('large', seq, '.example'), '', '' FROM seq_0_to_9;
INSERT INTO mailbox (username, password, name, maildir, local_part, domain)
SELECT CONCAT('t', n.seq, '@', domain), 'x', '', 'm/', CONCAT('t', n.seq), domain
FROM domain, seq_1_to_3 n WHERE domain LIKE 'tiny%';
INSERT INTO alias (address, goto, domain)
SELECT CONCAT('to.', username), username, domain FROM mailbox;
INSERT INTO alias (address, goto, domain) VALUES
('nested@tiny001.example', 'to.t1@tiny002.example,to.t2@alias.example', 'tiny001.example');
INSERT INTO domain (domain, description, transport) VALUES ('alias.example', '', '');
INSERT INTO alias_domain (alias_domain, target_domain) VALUES ('alias.example', 'tiny001.example');
"""
MIX_CHARACTER_SETS = """\
ALTER TABLE alias CONVERT TO CHARACTER SET utf8mb4;
ALTER TABLE alias_domain CONVERT TO CHARACTER SET latin1 COLLATE latin1_swedish_ci;
"""
SENDERS = {
    "t1@tiny001.example": {"t1@tiny001.example"},
    "t1+box@alias.example": {"t1@tiny001.example"},
    "to.t1@tiny001.example": {"t1@tiny001.example"},
    "nested@alias.example": {"t1@tiny002.example", "t2@tiny001.example"},
    "nobody@tiny001.example": set(),
}
"""Who may send as what, by Postfix's maps."""


def execute(alias: str, sql: str) -> None:
    with connections[alias].cursor() as cursor:
        for statement in filter(str.strip, sql.split(";\n")):
            cursor.execute(statement)
            cursor.fetchall()


def rows_so_far(*aliases: str) -> int:
    """Return how many rows these connections, or both, have read.

    Rows that only an index was asked about count as well; Handler_read alone doesn't show them.
    """
    total = 0
    for alias in aliases or ("default", "mail"):
        connections[alias].ensure_connection()
        with connections[alias].connection.cursor() as cursor:  # not a statement of the page
            cursor.execute("SHOW SESSION STATUS LIKE 'Handler\\_%'")
            total += sum(
                int(value)
                for name, value in cursor.fetchall()
                if name.startswith("Handler_read_") or name == "Handler_icp_attempts"
            )
    return total


def rows_read(page: Callable[[], object], *aliases: str) -> int:
    """Return the rows read for a page, without those of the question for them."""
    asked = -rows_so_far(*aliases) + rows_so_far(*aliases)
    before = rows_so_far(*aliases)
    page()
    return rows_so_far(*aliases) - before - asked


def largest_statement(page: Callable[[], object]) -> tuple[int, int, str]:
    """Return the rows read for a page, those that one statement has read at most, and its SQL."""
    asked = -rows_so_far("mail") + rows_so_far("mail")
    total, largest = 0, (0, "")

    def count(
        proceed: Callable[..., object], sql: str, params: Any, many: bool, how: Any
    ) -> object:
        nonlocal total, largest
        alias = how["connection"].alias
        before = rows_so_far(alias)
        try:
            return proceed(sql, params, many, how)
        finally:
            rows = rows_so_far(alias) - before - asked
            total, largest = total + rows, max(largest, (rows, sql))

    with connections["mail"].execute_wrapper(count), connections["default"].execute_wrapper(count):
        page()
    return total, *largest


def sign_in(name: str, role: str, domains: list[str]) -> tuple[User, Client]:
    user, client = User(username=name), Client()
    create_administrator(TESTER, user, "four unrelated words", RoleAssignment(role, False, domains))
    client.force_login(user)
    client.get("/admin/")
    return user, client


def page_of(client: Client, url: str) -> Page:
    def get() -> None:
        answer = client.get(url)
        assert answer.status_code == 200, url
        if answer.streaming:
            list(answer)

    return url, get


def log() -> Iterator[list[Page]]:
    """Fill the log to each size; yield its pages."""
    execute("mail", FILL_TINY)
    execute("default", FILL_LOG.format(first=1, last=SIZES[0], events=SIZES[0] * 0.9))
    execute("default", FILL_BULK.format(first=1, last=4))
    vera, client = sign_in("vera", Role.AUDITOR, [])
    otto, _ = sign_in("otto", Role.HELPDESK, ["tiny001.example"])
    questions = [
        *("", "before=1000", "before=60", "q=rita", "q=otto", "q=box21@rare.example"),
        *(
            "q=rare.example",
            "q=tiny001.example",
            "q=192.0.2.7",
            "q=nobody",
            "action=mailbox.change",
        ),
        *("action=domain.delete", "action=alias.create", "since=2026-01-02&until=2026-01-02"),
        *("until=2026-01-01", "since=2040-01-01", "q=rita&since=2026-01-02&until=2026-01-02"),
        *("q=rita&action=domain.delete", "q=tiny001.example&action=domain.delete&before=1000"),
    ]
    name = "box21@rare.example"
    pages = [
        ("latest changes of all", lambda: latest(scope_of(vera))),
        ("latest changes in a domain", lambda: latest(scope_of(otto))),
        ("history", lambda: read(list(of_object("mailbox", name)[:50]), [name])),
        *(page_of(client, f"{LOG}?{question}") for question in questions),
    ]
    yield pages
    execute("default", FILL_LOG.format(first=SIZES[0] + 1001, last=SIZES[1], events=SIZES[1] * 0.9))
    execute("default", FILL_BULK.format(first=5, last=40))
    yield pages


def mailboxes() -> Iterator[list[Page]]:
    """Fill the mail tables to each size; yield the pages of somebody with 300 tiny domains."""
    fill(FILL_TINY + FILL_MAILBOXES.format(first=1, last=SIZES[0]))
    _, client = sign_in("otto", Role.DOMAIN_ADMINISTRATOR, TINY)
    questions = [
        *("", "after=t2@tiny150.example", "before=t3@tiny299.example", "q=nothing", "q=t2"),
        *("q=@tiny150.example", "active__exact=0", "active__exact=1", "domain=tiny150.example"),
        "sort=-usage",
        *("domain=large1.example", "domain=tiny150.example&active__exact=0", "attention=weak"),
    ]
    aliases = ("", "kind=own", "kind=all", "q=nothing", "after=to.t2@tiny150.example")
    pages = [
        page_of(client, "/admin/"),
        *(page_of(client, f"{MAILBOXES}?{question}") for question in questions),
        page_of(client, f"{MAILBOXES}csv/"),
        *(page_of(client, f"{ALIASES}?{question}") for question in aliases),
        page_of(client, f"{ALIASES}csv/"),
        page_of(client, "/admin/mailboxes/domain/"),
        *look_ups(),
    ]
    yield pages
    fill(FILL_MAILBOXES.format(first=SIZES[0] + 1, last=SIZES[1]))
    yield pages


def look_ups() -> Iterator[Page]:
    """Yield what Postfix asks to know who may send as an address."""
    query_of.cache_clear()
    senders("rendered@before.example")
    for address, expected in SENDERS.items():

        def look_up(address: str = address, expected: set[str] = expected) -> None:
            assert senders(address) == expected, address

        yield f"sender {address}", look_up


def fill(sql: str) -> None:
    """Fill the mail tables, and then the lookup tables, which is faster than row by row."""
    execute("mail", f"SET @lookup_pause = 1;\n{sql};\nSET @lookup_pause = NULL")
    lookup_tables.fill_all(connections["mail"], usage=True)
    names = ", ".join(model._meta.db_table for model in lookup_tables.TABLES)
    execute("mail", f"ANALYZE TABLE {names}")


def superuser() -> Iterator[list[Page]]:
    """Fill the mail tables to each size; yield the pages of somebody who may see everything."""
    few, small, large = 1_000, SIZES[0], 20_000
    fill(FILL_TINY + FILL_MAILBOXES.format(first=1, last=few) + FILL_EXCEPTIONS)
    client = sign_in_superuser()
    mailbox = "box7@large7.example"
    lists = {
        MAILBOXES: [
            *("", "after=box5@large5.example", "active__exact=0", "attention=weak"),
            *(*FULL, "q=nothing", "q=box", "q=anna"),
            *("q=anna+koch", "q=ox77", f"q={mailbox}", "q=@large1.example", "q=koch+large2"),
            *("domain=large1.example", "domain=large1.example&after=box1501@large1.example"),
            *("domain=large1.example&active__exact=0", "domain=large1.example&q=koch"),
            *("sort=-usage", "sort=usage", "sort=sign-in", "sort=-usage&after=950:box31@"),
            *("sort=-usage&domain=large1.example", "sort=-usage&q=box", "sort=-usage&q=@large1"),
            "sort=usage&domain=large1.example&after=0:box150@large1.example",
            "sort=usage&domain=large1.example&before=950:box31@large1.example",
            *(
                "sort=-usage&active__exact=0",
                "sort=-usage&active__exact=1",
                "sort=sign-in&attention=full",
            ),
        ],
        ALIASES: [
            *("", "kind=own", "kind=all", "kind=handled", "active__exact=0", "q=nothing"),
            *(f"q={mailbox}", "q=box7", "domain=large1.example", "kind=own&domain=tiny001.example"),
        ],
        DOMAINS: ["", "q=nothing", "q=large", "attention=roles"],
    }
    urls = [f"{path}?{question}" for path, asked in lists.items() for question in asked]
    urls += [
        "/admin/search/?q=anna+koch",
        "/admin/search/?q=@large",
        f"{ALIASES}?q=koch&kind=handled",
    ]
    pages = [*(page_of(client, url) for url in urls), *every_request(client)]
    bulk = list(bulk_actions(client))
    yield [(f"few {name}", page) for name, page in every_request(client) if "GET" in name]
    fill(FILL_MAILBOXES.format(first=few + 1, last=small) + FILL_EXCEPTIONS)
    yield pages
    fill(FILL_MAILBOXES.format(first=small + 1, last=large) + FILL_EXCEPTIONS)
    yield pages + bulk
    lookup_tables.drop(connections["mail"])
    questions = [one for one in bulk if "delete_selected" in one[0] and "confirmed" not in one[0]]
    yield [(f"adopted {name}", page) for name, page in pages + questions]
    execute("mail", "UPDATE mailbox SET active = 0 WHERE username > 'box1'")
    active = page_of(client, f"{MAILBOXES}?active__exact=1")[1]
    yield [("adopted, mostly disabled", active)]
    execute("mail", SHORTEN)
    urls = [f"{MAILBOXES}?{full}" for full in FULL] + [f"{MAILBOXES}{mailbox}/change/"]
    yield [(f"adopted, few: {url}", page_of(client, url)[1]) for url in urls]


def sign_in_superuser() -> Client:
    user, client = User(username="rita", is_superuser=True, is_staff=True), Client()
    user.save()
    client.force_login(user)
    client.get("/admin/")
    return client


def mixed() -> Iterator[list[Page]]:
    """Yield the same in tables of one character set, and of several."""
    yield list(look_ups())
    execute("mail", MIX_CHARACTER_SETS)
    yield list(look_ups())


def main() -> None:
    found: dict[str, list[int]] = defaultdict(list)
    largest: dict[str, tuple[int, str]] = {}
    scenarios = {
        "log": log,
        "mailboxes": mailboxes,
        "mixed": mixed,
        "superuser": superuser,
    }
    for pages in scenarios[sys.argv[1]]():
        for name, page in pages:
            if sys.argv[1] == "superuser":
                total, number, sql = largest_statement(page)
                largest[name] = max(largest.get(name, (0, "")), (number, sql))
            else:
                total = rows_read(page)
            found[name].append(total)
    for name, rows in found.items():
        number, sql = largest.get(name, (0, ""))
        print(
            name.replace(" ", "-"),
            rows[0],
            rows[-1],
            number,
            sql[:1000] if number > MAX_ROWS else "",
        )


if __name__ == "__main__":
    main()
