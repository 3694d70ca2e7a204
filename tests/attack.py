"""Wapiti and sqlmap attack a panel with demo data, with a session and without. Run them with:

    ./deploy/test -n 0 tests/attack.py

They are Debian packages that no other test needs: apt-get install wapiti sqlmap. They take about
ten minutes, and send nothing to other hosts.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from tests.browser.conftest import Panel, prepare, running_panel
from tests.browser.pages import (
    ALIAS,
    ALIAS_DOMAIN,
    ANNA,
    DOMAIN,
    MAILBOX,
    OWN_FACTORS,
    PASSWORD,
    UPGRADE,
    code,
)
from tests.test_hostile_input import FORMS, PAGES, WITH_A_FACTOR

ATTACKERS = 4
"""How many programs run at the same time."""

SECONDS = 600
"""How long one program may run, which is more than it needs."""

ACCESS_LOG = "--access-logfile - --access-logformat '%(s)s %(m)s %(U)s'"
LOGIN, CODE, CONFIRM = "/admin/login/", "/admin/login/code/", "/admin/confirm/"
RECOVERY_CODES = f"{OWN_FACTORS}recovery-codes/"
VISITORS = {
    **dict.fromkeys(["/", LOGIN, "/password/", "/password/check/", "/language/"], "nobody"),
    "/admin/logout/": "nobody",
    **dict.fromkeys([CONFIRM, RECOVERY_CODES, f"{RECOVERY_CODES}file/"], "vera"),
    f"{OWN_FACTORS}1*/remove/": "vera",
    CODE: "vera00",
}
"""Who attacks a page: nobody, Vera with a second factor, another Vera before hers; else Rita."""

USERS = "/admin/auth/user/"
OTTO = f"{USERS}2/"
"""Attacked in place of Rita, whose session a change would end."""

BOB = f"{MAILBOX}bob_40example.org/"

TARGETS = {
    url.replace("/user/1/", "/user/2/").replace("example.edu", "example.com"): names
    for url, names in FORMS.items()
}
TARGETS |= {url: names for url, names in WITH_A_FACTOR.items() if url in VISITORS}
KEYS = [
    f"{MAILBOX}anna_40example.org*/change/",
    f"{DOMAIN}example.org*/history/",
    f"{OTTO[:-1]}*/change/",
    f"{OTTO[:-1]}*/second-factor/",
    f"{OWN_FACTORS}1*/remove/",
]
"""URLs with a primary key; sqlmap attacks the place of the asterisk."""

VALUES = {
    "action": "set_quota",
    "_selected_action": "anna@example.org",
    "active": "on",
    "address": "anna@example.org",
    "address_0": "new",
    "address_1": "example.org",
    "alias_domain": "example.info",
    "aliases": "10",
    "delivery": "local",
    "domain": "example.org",
    "domains": "example.org",
    "goto": "bob@example.org",
    "language": "de",
    "mailboxes": "10",
    "maxquota_0": "1",
    "maxquota_1": "G",
    "next": "/admin/",
    "path": "apply",
    "quota_0": "1",
    "quota_1": "G",
    "role": "helpdesk",
    "target_domain": "example.org",
    "username": "rita",
}
"""What sqlmap starts from, so that its requests pass the checks before the database is asked."""

SEARCHES = ["--level", "2", "--skip", "csrftoken,sessionid"]
"""For searches: only from level 2 on does sqlmap break out of LIKE."""

SCOPES = {
    "/": [
        LOGIN, f"{LOGIN}?ended=1&lost=1&next=/admin/log/", "/password/", "/password/changed/",
        "/password/kept/",
    ],
    CODE: [CODE],
    CONFIRM: [f"{CONFIRM}?next=/admin/log/&repeat=1"],
    OWN_FACTORS: [OWN_FACTORS, f"{OWN_FACTORS}app/", f"{OWN_FACTORS}passkey/"],
    RECOVERY_CODES: [RECOVERY_CODES],
    "/admin/mailboxes/": [
        MAILBOX, f"{MAILBOX}add/", f"{ANNA}change/", f"{ANNA}password/", f"{BOB}delete/",
        ALIAS, f"{ALIAS}add/", f"{ALIAS}info_40example.org/change/", DOMAIN, f"{DOMAIN}add/",
        f"{DOMAIN}example.net/change/", ALIAS_DOMAIN, f"{ALIAS_DOMAIN}add/",
    ],
    "/admin/auth/": [
        USERS, f"{USERS}add/", f"{OTTO}change/", f"{OTTO}password/", f"{OTTO}second-factor/",
        f"{OTTO}history/",
    ],
    "/admin/configuration/": ["/admin/configuration/", UPGRADE],
    "/admin/log/": ["/admin/log/"],
    "/admin/password_change/": ["/admin/password_change/"],
}  # fmt: skip
"""Where wapiti starts in each folder; it doesn't leave the folder, and so never signs out."""

# Without the modules that ask a host on the Internet or guess names, and without csrf, which does
# not know the name of Django's token.
MODULES = "cookieflags,crlf,csp,exec,file,http_headers,permanentxss,redirect,sql,xss"
EXCEPTIONS = {
    "X-XSS-Protection is not set": "Browsers have removed this filter; the CSP replaces it.",
    "Strict-Transport-Security is not set": "It is set behind TLS: `manage.py check --deploy`.",
    "Secure flag is not set in the cookie": "It is set behind TLS: `manage.py check --deploy`.",
}


@pytest.fixture
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A panel with demo data that must not answer with a status of 500 or more."""
    missing = [name for name in ("wapiti", "sqlmap") if not shutil.which(name)]
    if missing:
        pytest.fail(f"Run as root: apt-get install {' '.join(missing)}")
    folder = tmp_path_factory.mktemp("attack")
    prepare(folder / "prepared", "empty")
    prepare(folder / "prepared", "demo")
    settings = {"GUNICORN_CMD_ARGS": ACCESS_LOG}
    with running_panel(
        folder / "prepared", folder / "panel", settings, 2, "tests.attack_settings"
    ) as panel:
        yield panel
    failed = [line for line in answers(panel) if line.startswith("5")]
    assert not failed, f"{set(failed)}; see {panel.log}"


@pytest.fixture
def sessions(panel: Panel) -> Iterator[dict[str, dict[str, str]]]:
    """The cookies of each visitor."""
    names = {"rita", *VISITORS.values()}
    sessions = {name: cookies(panel, name) for name in sorted(names)}
    yield sessions
    request = Request(f"{panel.url}/admin/log/", headers={"Cookie": header(sessions["rita"])})
    with build_opener().open(request) as answer:
        assert answer.url == request.full_url, "Rita was signed out during the attack."


def cookies(panel: Panel, name: str) -> dict[str, str]:
    jar = CookieJar()
    opener = build_opener(HTTPCookieProcessor(jar))

    def post(path: str, **form: str) -> None:
        token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
        data = urlencode({**form, "csrfmiddlewaretoken": token}).encode()
        opener.open(panel.url + path, data).close()

    opener.open(panel.url + LOGIN).close()
    if name != "nobody":
        password = panel.admin_password if name == "rita" else PASSWORD
        post(LOGIN, username=name, password=password, next="/admin/")
    if name == "vera":
        post(CODE, code=code())
    return {cookie.name: cookie.value or "" for cookie in jar}


def header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def answers(panel: Panel) -> list[str]:
    """Return the status, method and path of each request so far."""
    return re.findall(r"^\d{3} [A-Z]+ /.*$", panel.log.read_text(errors="replace"), re.MULTILINE)


def run(*command: str) -> str:
    """Run a program and return its output."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} has not finished within {SECONDS} seconds."
    return done.stdout


def wapiti(panel: Panel, cookies: dict[str, str], scope: str, folder: Path) -> Iterable[str]:
    """Attack the forms and links of the pages in a folder and yield what was found."""
    report = folder / "report.json"
    starts = [part for url in SCOPES[scope] for part in ("--start", panel.url + url)]
    output = run(
        *("wapiti", "--url", panel.url + scope, *starts, "--scope", "folder", "--depth", "1"),
        *("--header", f"Cookie: {header(cookies)}", "--module", MODULES, "--no-bugreport"),
        *("--max-files-per-dir", "10", "--max-scan-time", "30", "--max-attack-time", "12"),
        *("--store-session", f"{folder}/session", "--store-config", f"{folder}/config"),
        *("--format", "json", "--output", str(report)),
    )
    if not report.exists():
        return [f"{scope}: {output[-1000:]}"]
    found = json.loads(report.read_text())
    return [
        f"{category}: {one['method']} {one['path']} {one['parameter']}: {one['info']}"
        for kind in ("vulnerabilities", "anomalies", "additionals")
        for category, ones in found[kind].items()
        for one in ones
        if int(one["level"]) and not one["info"].startswith(tuple(EXCEPTIONS))
    ]


def sqlmap(
    panel: Panel, cookies: dict[str, str], url: str, names: list[str] | None, folder: Path
) -> Iterable[str]:
    """Attack each field of a form, or without names each parameter in the URL."""
    data = {name: VALUES.get(name, "a") for name in names or []}
    form = ["--data", urlencode(data)] if data else SEARCHES
    output = run(
        *("sqlmap", "--batch", "--disable-coloring", "--output-dir", str(folder)),
        *("--url", panel.url + url, *form, "--dbms", "sqlite", "--technique", "BEUQ"),
        *("--cookie", header(cookies), "--headers", f"X-CSRFToken: {cookies['csrftoken']}"),
        *("--drop-set-cookie", "--ignore-redirects"),
    )
    clean = "do not appear to be injectable" in output
    return [] if clean else [f"{url}: {output[-1000:]}"]


def test_wapiti_finds_nothing(
    panel: Panel, sessions: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    def attack(number: int, scope: str) -> Iterable[str]:
        folder = tmp_path / str(number)
        folder.mkdir()
        return wapiti(panel, sessions[VISITORS.get(scope, "rita")], scope, folder)

    with ThreadPoolExecutor(ATTACKERS) as pool:
        found = [line for lines in pool.map(attack, range(len(SCOPES)), SCOPES) for line in lines]
    assert not found, "\n".join(found)
    starts = {f"200 GET {url.partition('?')[0]}" for urls in SCOPES.values() for url in urls}
    missed = starts - set(answers(panel))
    assert not missed


def test_sqlmap_finds_no_injection(
    panel: Panel, sessions: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    def attack(number: int, url: str, names: list[str] | None) -> Iterable[str]:
        name = VISITORS.get(url.partition("?")[0], "rita")
        return sqlmap(panel, sessions[name], url, names, tmp_path / str(number))

    queries = [
        f"{url}?{urlencode({name: VALUES.get(name, 'a') for name in names})}"
        for url, names in PAGES.items()
    ]
    # What the last ones delete, the others need.
    urls = sorted([*TARGETS, *queries, *KEYS], key=lambda url: url.endswith("/delete/"))
    names = [TARGETS.get(url) for url in urls]
    with ThreadPoolExecutor(ATTACKERS) as pool:
        found = [
            line for lines in pool.map(attack, range(len(urls)), urls, names) for line in lines
        ]
    assert not found, "\n".join(found)
