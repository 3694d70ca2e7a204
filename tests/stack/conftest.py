"""The mail hosts that the tests share, each built at its first use."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import debian_roots
from tests.machine import Machine
from tests.mailhost import (
    CREATE_DATABASES,
    CREATE_TABLES,
    HOSTS,
    PANEL_ENV,
    MailHost,
    fresh_hosts,
    hosts,
    releases,
)
from tests.servers import MariaDB


@pytest.fixture(params=releases())
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A machine of a release in which nothing runs."""
    with Machine(debian_roots.get_root(request.param, request.config), boots=False) as machine:
        yield machine


@pytest.fixture
def tables(machine: Machine) -> MariaDB:
    """A server with the panel's two databases and all tables, empty."""
    mariadb = MariaDB(machine)
    mariadb.query(CREATE_DATABASES)
    manage: list[str | Path] = [machine.python, machine.checkout / "manage.py"]
    machine.run([*manage, "shell", "-v0", "-c", CREATE_TABLES], env=PANEL_ENV)
    return mariadb


@pytest.fixture(scope="session")
def build(request: pytest.FixtureRequest) -> Iterator[Callable[[str], MailHost]]:
    """Return the host of a name; the previous one is stopped."""
    built: dict[str, MailHost] = {}
    with ExitStack() as stack:

        def named(name: str) -> MailHost:
            if name not in built:
                stack.close()
                built.clear()
                root = debian_roots.get_root(HOSTS[name][0], request.config)
                machine = stack.enter_context(Machine(root))
                host = MailHost(machine, name)
                try:
                    host.populate()
                except Exception as error:
                    machine.explain(error)
                    raise
                built[name] = host
            return built[name]

        yield named


@pytest.fixture(scope="session", params=hosts())
def host(request: pytest.FixtureRequest, build: Callable[[str], MailHost]) -> MailHost:
    """One of the mail hosts, as the last test left it."""
    return build(request.param)


@pytest.fixture
def mail(host: MailHost) -> MailHost:
    """One of the mail hosts, applied with the default settings."""
    host.configure()
    return host


@pytest.fixture
def changed(mail: MailHost) -> Iterator[MailHost]:
    """A host that the test may leave in another state."""
    yield mail
    mail.applied = None


@pytest.fixture
def boots() -> bool:
    """Whether a fresh host has systemd; a test can override it."""
    return True


@pytest.fixture(params=fresh_hosts())
def fresh(request: pytest.FixtureRequest, boots: bool) -> Iterator[MailHost]:
    """A host with nothing but the packages, and a bundle for it."""
    root = debian_roots.get_root(HOSTS[request.param][0], request.config)
    with Machine(root, boots=boots) as machine:
        fresh = MailHost(machine, request.param)
        if not fresh.on_mariadb:
            fresh.manage("shell", "-v0", "-c", CREATE_TABLES)
        fresh.export()
        yield fresh


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the daemons' logs with a failed test."""
    report = yield
    used = [item.funcargs.get(name) for name in ("host", "fresh", "machine")]
    machines = [one.machine if isinstance(one, MailHost) else one for one in used]
    if report.failed:
        for machine in machines:
            if isinstance(machine, Machine):
                report.sections += machine.tails()
    return report
