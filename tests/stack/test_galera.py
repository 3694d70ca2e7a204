"""Sign-ins while one node of a Galera cluster dies."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPException

import pytest

from tests import mail_clients
from tests.machine import wait_until
from tests.mailhost import ANNA, BOB, MailHost, hosts
from tests.servers import Galera
from tests.stack.test_database_connections import FORGET

pytestmark = pytest.mark.stack

SIGN_INS = 200
AT_ONCE = 4
NODES = "127.0.0.1,127.0.0.2,127.0.0.3"


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


@pytest.mark.parametrize(
    "host", hosts(release="debian13", variant="v2", database="mariadb"), indirect=True
)
def test_a_node_that_dies_is_skipped(host: MailHost, cluster: Galera) -> None:
    codes = sign_in_while_a_node_dies(host, cluster, SIGN_INS)
    # Those whose password is being checked when the node dies may fail.
    assert codes["235"] >= SIGN_INS - AT_ONCE, codes
    assert mail_clients.smtp_login(host.machine, "PLAIN", ANNA.address, BOB.password) == 535
    done = host.apply(check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("apply: The database on 127.0.0.1:3306 can't be used")
    # Alone, the third node soon reads no more tables, and isn't asked any more.
    cluster.kill(1)
    wait_until(lambda: not cluster.size(2), "the third node has lost its cluster")
    assert mail_clients.smtp_login(host.machine, "PLAIN", ANNA.address, ANNA.password) == 535
    wait_until(lambda: not is_reached(host), "HAProxy doesn't use it")


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
