"""The processor time of pages on large tables; stack/benchmarks.py runs this in a machine.

`fill FROM TO` adds mailboxes with their aliases; `ours`, `every` and `stock` print a line for some
pages of the panel, for each of its requests, and for some of Django's own admin: milliseconds of
the panel and of the database server for a request, the median of several.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
settings.ALLOWED_HOSTS = ["testserver"]
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
if sys.argv[1] == "stock":
    settings.ROOT_URLCONF = "tests.stock_admin"
    settings.TEMPLATES[0]["DIRS"] = []
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ]
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402

from mailboxes.conf import mail_host  # noqa: E402
from mailboxes.lookup_tables import tables as lookup_tables  # noqa: E402
from mailboxes.passwords.schemes import make_password  # noqa: E402
from mailboxes.throttle.models import Counter  # noqa: E402
from tests.every_request import bulk_actions, every_request  # noqa: E402
from tests.growth import FILL_LOG, execute  # noqa: E402

LARGEST = "large1.example"
PASSWORDS = ("four unrelated words", "five other unrelated words")
REQUESTS = 10
# What the requests are about, besides the largest domain.
FILL_FEW = """\
INSERT INTO domain (domain, description, transport, aliases, mailboxes, quota) VALUES
('large1.example', '', '', 0, 0, 0), ('large3.example', '', '', 1000000, 1000000, 1000000),
('large7.example', '', '', 0, 0, 0), ('large9.example', '', '', 0, 0, 0),
('alias.example', '', '', 0, 0, 0), ('empty.example', '', '', 0, 0, 0),
('medium.example', '', '', 0, 0, 0), ('tiny002.example', '', '', 0, 0, 0);
INSERT INTO alias_domain (alias_domain, target_domain) VALUES ('alias.example', 'large7.example');
INSERT INTO mailbox (username, password, name, maildir, local_part, domain) VALUES
('box7@large7.example', 'x', '', 'm/', 'box7', 'large7.example'),
('box9@large9.example', 'x', '', 'm/', 'box9', 'large9.example'),
('t1@tiny002.example', 'x', '', 'm/', 't1', 'tiny002.example');
INSERT INTO mailbox (username, password, name, maildir, local_part, domain)
SELECT CONCAT('m', seq, '@medium.example'), 'x', '', 'm/', CONCAT('m', seq), 'medium.example'
FROM seq_1_to_600;
INSERT INTO alias (address, goto, domain) SELECT CONCAT('to.', username), username, domain
FROM mailbox WHERE domain = 'medium.example';
INSERT INTO alias (address, goto, domain) VALUES
('to.box7@large7.example', 'box7@large7.example', 'large7.example'),
('to.t1@tiny002.example', 't1@tiny002.example', 'tiny002.example')
"""
FILL = """\
INSERT IGNORE INTO domain (domain, description, transport, aliases, mailboxes, quota)
SELECT CONCAT('d', LPAD(seq, 4, '0'), '.example'), '', '', 0, 0, 0 FROM seq_1_to_{domains};
INSERT INTO mailbox (username, password, name, maildir, local_part, domain, quota)
SELECT CONCAT(local_part, '@', domain), '{hash}', name, CONCAT(domain, '/', local_part, '/'),
    local_part, domain, 1073741824 FROM (SELECT CONCAT('user', LPAD(seq, 7, '0')) AS local_part,
    IF(seq % 2, '{largest}', CONCAT('d', LPAD(1 + seq % {domains}, 4, '0'), '.example'))
    AS domain, CONCAT(ELT(1 + seq % 3, 'Anna', 'Jean-Luc', 'Zoë'), ' ',
    ELT(1 + seq % 4, 'Koch', 'Berg', 'Li', 'Öz'), ' ', seq) AS name
    FROM seq_{first}_to_{last}) made;
INSERT INTO alias (address, goto, domain) SELECT username, username, domain FROM mailbox
WHERE local_part BETWEEN 'user{first:07}' AND 'user{last:07}';
INSERT INTO alias (address, goto, domain) SELECT CONCAT('to.', username), username, domain
FROM mailbox WHERE local_part BETWEEN 'user{first:07}' AND 'user{last:07}';
UPDATE mailbox SET active = 0 WHERE local_part LIKE 'user%7';
INSERT IGNORE INTO quota2 (username, bytes)
SELECT username, IF(local_part LIKE 'user%3', 1070000000, 5) FROM mailbox;
INSERT IGNORE INTO last_login (username, domain, last_login) SELECT username, domain, 6
FROM mailbox;
ANALYZE TABLE mailbox, alias, domain, quota2, last_login;
"""
Page = tuple[str, Callable[[], object]]


def fill(first: int, last: int) -> None:
    stored = make_password(PASSWORDS[0], mail_host().scheme.handler)
    sql = FILL.format(
        first=first, last=last, domains=max(60, last // 1000), largest=LARGEST, hash=stored
    )
    if first == 1:
        execute("default", FILL_LOG.format(first=1, last=6000, events=5400))
        execute("mail", FILL_FEW)
    execute("mail", f"SET @lookup_pause = 1;\n{sql};\nSET @lookup_pause = NULL")
    lookup_tables.fill_all(connections["mail"], usage=True)
    execute(
        "mail",
        "ANALYZE TABLE lookup_flag, lookup_word, lookup_target, lookup_count, lookup_activity",
    )


def server_times() -> dict[Path, int]:
    """Return for how many nanoseconds each of MariaDB's threads has had a processor."""
    with connections["mail"].cursor() as cursor:
        cursor.execute("SELECT @@pid_file")
        pid = Path(cursor.fetchone()[0]).read_text().strip()
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return {task: int(task.read_text().split()[0]) for task in tasks}


def cost(page: Callable[[], object]) -> tuple[float, float]:
    """Return the milliseconds of the panel and of the server for a request."""
    before, began = server_times(), time.process_time()
    page()
    own, after = time.process_time() - began, server_times()
    server = sum(spent - before.get(task, 0) for task, spent in after.items())
    return own * 1000, server / 1e6


def costs(page: Callable[[], object]) -> list[float]:
    """Return the medians for several requests, since others use the machine as well.

    A full garbage collection would take 60 ms for everything imported, in one of some hundred
    requests, whichever that is.
    """
    page()
    gc.freeze()
    found = [cost(page) for _ in range(REQUESTS)]
    return [median(numbers) for numbers in zip(*found, strict=True)]


def superuser() -> Client:
    user, _ = User.objects.get_or_create(username="rita", is_superuser=True, is_staff=True)
    client = Client()
    client.force_login(user)
    client.get("/admin/")
    return client


def page(client: Client, name: str, url: str) -> Page:
    def get() -> None:
        answer = client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        if answer.streaming:
            list(answer)

    return name, get


def posted(client: Client, name: str, *forms: tuple[str, dict[str, str]]) -> Page:
    def post() -> None:
        for url, data in forms:
            answer = client.post(url, data)
            assert answer.status_code == 302, (url, answer.content.decode()[-4000:])

    return name, post


def ours() -> Iterator[Page]:
    Counter.objects.all().delete()  # or the third run would have made too many attempts
    client, admin = superuser(), "/admin/mailboxes"
    one, mailboxes, aliases = f"user0000501@{LARGEST}", f"{admin}/mailbox/", f"{admin}/alias/"
    pages = {
        "dashboard": "/admin/",
        "mailboxes": mailboxes,
        "mailboxes of the largest domain": f"{mailboxes}?domain={LARGEST}",
        "the same, far down": f"{mailboxes}?domain={LARGEST}&after=user0000701@{LARGEST}",
        "disabled": f"{mailboxes}?active__exact=0",
        "nearly full": f"{mailboxes}?attention=full",
        "weak hash": f"{mailboxes}?attention=weak",
        "search: whole address": f"{mailboxes}?q={one}",
        "search: beginning of an address": f"{mailboxes}?q=user00005",
        "search: two words": f"{mailboxes}?q=anna+koch",
        "search: inside of a word": f"{mailboxes}?q=ser0000501",
        "search: no hit": f"{mailboxes}?q=nothing",
        "search of all": "/admin/search/?q=user0000501",
        "aliases": aliases,
        "aliases, the mailboxes' own, too": f"{aliases}?kind=all",
        "search of aliases": f"{aliases}?q=to.user0000501",
        "domains with their counts": f"{admin}/domain/",
        "page of a mailbox": f"{mailboxes}{one}/change/",
        "page of the largest domain": f"{admin}/domain/{LARGEST}/change/",
        "question before a mailbox is deleted": f"{mailboxes}{one}/delete/",
        "question before the largest domain is deleted": f"{admin}/domain/{LARGEST}/delete/",
        "configuration": "/admin/configuration/",
    }
    yield from (page(client, name, url) for name, url in pages.items())
    form = {
        "address_0": "new", "address_1": LARGEST, "name": "New", "quota_0": "1",
        "quota_1": "1048576", "active": "on",
        "new_password1": PASSWORDS[0], "new_password2": PASSWORDS[0],
    }  # fmt: skip
    deletion = (f"{mailboxes}new@{LARGEST}/delete/", {"post": "yes"})
    yield posted(client, "create and delete a mailbox", (f"{mailboxes}add/", form), deletion)
    owner = [
        ("/password/", {"address": one, "current_password": old, "new_password1": new,
                        "new_password2": new})
        for old, new in (PASSWORDS, PASSWORDS[::-1])
    ]  # fmt: skip
    yield posted(Client(), "an owner changes the password, twice", *owner)
    # Its newest entries are now those of these two, whatever the size of the tables.
    yield page(client, "log", "/admin/log/")


def every() -> Iterator[Page]:
    client = superuser()
    yield from every_request(client)
    yield from bulk_actions(client, "medium.example")


def stock() -> Iterator[Page]:
    client, admin = superuser(), "/admin/mailboxes"
    mailboxes = f"{admin}/mailbox/"
    pages = {
        "mailboxes": mailboxes,
        "disabled": f"{mailboxes}?active__exact=0",
        "search: whole address": f"{mailboxes}?q=user0000501@{LARGEST}",
        "search: two words": f"{mailboxes}?q=anna+koch",
        "search: no hit": f"{mailboxes}?q=nothing",
        "aliases, the mailboxes' own, too": f"{admin}/alias/",
        "search of aliases": f"{admin}/alias/?q=to.user0000501",
    }
    yield from (page(client, name, url) for name, url in pages.items())


def main() -> None:
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]), int(sys.argv[3]))
        return
    panels = {"ours": ours, "every": every, "stock": stock}
    for name, get in panels[sys.argv[1]]():
        print(name, *(f"{cost:.2f}" for cost in costs(get)), sep="\t", flush=True)


if __name__ == "__main__":
    main()
