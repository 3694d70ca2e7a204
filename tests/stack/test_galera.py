"""Sign-ins while one node of a Galera cluster dies."""

import http.client
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from smtplib import SMTPException
from threading import Event
from urllib.parse import urlencode

import pytest

from tests import mail_clients
from tests.machine import wait_until
from tests.mailhost import ANNA, BOB, OWNER, MailHost, hosts
from tests.servers import Galera, Panel
from tests.stack.test_database_connections import FORGET

pytestmark = pytest.mark.stack

SIGN_INS = 200
AT_ONCE = 4
NODES = "127.0.0.1,127.0.0.2,127.0.0.3"
URL = "mysql://panel:panel@localhost/{}?unix_socket=/run/haproxy/mailadmin.sock"
PORTS = (8001, 8002)
FRONT = 8003
NGINX = f"""\
upstream panels {{ {" ".join(f"server 127.0.0.1:{port};" for port in PORTS)} }}
server {{
    listen 127.0.0.1:{FRONT};
    location / {{ proxy_pass http://panels; proxy_set_header Host $host; }}
}}
"""


@pytest.fixture
def cluster(host: MailHost) -> Iterator[Galera]:
    """Three nodes with the host's tables, in place of its server."""
    host.applied = None
    host.export(MAIL_DB_HOSTS=NODES)
    host.mariadb.query(FORGET)
    host.grant()
    host.mariadb.stop()
    galera = Galera(host.machine)
    host.apply()
    host.await_services()
    yield galera
    for number in range(3):
        galera.kill(number)
    host.mariadb.start()
    host.applied = None


@pytest.fixture
def panels(host: MailHost, cluster: Galera) -> Iterator[list[Panel]]:
    """Two that share their databases and SECRET_KEY, through the same HAProxy, behind nginx."""
    site = host.machine / "etc/nginx/sites-enabled/panels"
    site.write_text(NGINX)
    host.machine.run(["systemctl", "start", "nginx.service"])
    urls = {"DATABASE_URL": URL.format("panel"), "MAIL_DATABASE_URL": URL.format("mail")}
    env = host.env | urls | {"ALLOWED_HOSTS": "127.0.0.1"}
    panels = [Panel(host.machine, OWNER, env, port) for port in PORTS]
    yield panels
    panels[1].stop()
    host.machine.run(["systemctl", "stop", "nginx.service"])
    site.unlink()


@pytest.mark.parametrize(
    "host", hosts(release="debian13", variant="v2", database="mariadb"), indirect=True
)
def test_a_node_that_dies_is_skipped(host: MailHost, cluster: Galera, panels: list[Panel]) -> None:
    cookie = two_sign_ins(host)
    done, seen = Event(), Counter[str]()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(visit, host, cookie, done, seen)
        codes = sign_in_while_a_node_dies(host, cluster, SIGN_INS)
        done.set()
    # Those whose password is being checked when the node dies may fail.
    assert codes["235"] >= SIGN_INS - AT_ONCE, codes
    assert seen["200"] >= 3 and seen.total() - seen["200"] <= 2, seen
    assert mail_clients.smtp_login(host.machine, "PLAIN", ANNA.address, BOB.password) == 535
    applied = host.apply(check=False)
    assert applied.returncode == 2 and applied.stderr.count("\n") == 1
    assert applied.stderr.startswith("apply: The database on 127.0.0.1:3306 can't be used")
    lose_a_panel(host, panels[0], cookie)
    # Alone, the third node soon reads no more tables, and isn't asked any more.
    cluster.kill(1)
    wait_until(lambda: not cluster.size(2), "the third node has lost its cluster")
    assert mail_clients.smtp_login(host.machine, "PLAIN", ANNA.address, ANNA.password) == 535
    wait_until(lambda: not is_reached(host), "HAProxy doesn't use it")
    assert panels[1].health() == 503


def sign_in_while_a_node_dies(host: MailHost, cluster: Galera, number: int) -> Counter[str]:
    """Kill the first node after a quarter of the sign-ins; count their codes and other failures."""

    def sign_in(which: int) -> str:
        if which == number // 4:
            cluster.kill(0)
        try:
            login = ("PLAIN", ANNA.address, ANNA.password)
            return str(mail_clients.smtp_login(host.machine, *login))
        except (OSError, SMTPException) as error:
            return type(error).__name__

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(sign_in, range(number)))


def is_reached(host: MailHost) -> bool:
    query = ["mariadb", "--socket=/run/haproxy/mailadmin.sock", "--user=haproxy", "-e", "SELECT 1"]
    return host.machine.run(query, check=False).returncode == 0


# Two panels behind one address


def two_sign_ins(host: MailHost) -> str:
    """Try it at both panels, which count the failures together; return a session of both."""
    urls = {"DATABASE_URL": URL.format("panel"), "MAIL_DATABASE_URL": URL.format("mail")}
    password = host.manage("firstadmin", settings=urls).stdout.split()[-1]
    status, cookie = sign_in(host, PORTS[0], password)
    assert status == 302
    assert ask(host, PORTS[1], "GET", "/admin/", cookie=cookie)[0].status == 200
    for port in (*PORTS, *PORTS, PORTS[0]):
        assert sign_in(host, port, "wrong")[0] != 302
    assert sign_in(host, PORTS[1], password)[0] == 429
    return cookie


def ask(
    host: MailHost, port: int, method: str, path: str, body: str = "", cookie: str = ""
) -> tuple[http.client.HTTPResponse, str]:
    panel = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    with host.machine.network(), closing(panel):
        panel.request(method, path, body, headers)
        answer = panel.getresponse()
        return answer, answer.read().decode()


def sign_in(host: MailHost, port: int, password: str) -> tuple[int, str]:
    """Return the status, and the cookies of the session."""
    answer, page = ask(host, port, "GET", "/admin/login/")
    cookie = cookies(answer)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token, page
    form = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": password}
    body = urlencode(form | {"next": "/admin/"})
    answer, _ = ask(host, port, "POST", "/admin/login/", body, cookie)
    return answer.status, f"{cookie}; {cookies(answer)}"


def cookies(answer: http.client.HTTPResponse) -> str:
    return "; ".join(one.split(";")[0] for one in answer.headers.get_all("Set-Cookie", []))


def visit(host: MailHost, cookie: str, done: Event, seen: Counter[str]) -> None:
    """Ask for a page that only administrators see, again and again; count what comes back."""
    while not done.is_set():
        try:
            answer, _ = ask(host, FRONT, "GET", "/admin/mailboxes/domain/", cookie=cookie)
            seen[str(answer.status)] += 1
        except OSError as error:
            seen[type(error).__name__] += 1


def lose_a_panel(host: MailHost, panel: Panel, cookie: str) -> None:
    """Kill one of the two in the middle of requests, which the other answers."""
    done, seen = Event(), Counter[str]()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(visit, host, cookie, done, seen)
        wait_until(lambda: seen.total() >= 10, "some visits")
        panel.stop(signal.SIGKILL)
        before = seen.total()
        wait_until(lambda: seen.total() >= before + 20, "more visits", 60)
        done.set()
    assert seen.total() == seen["200"], seen
