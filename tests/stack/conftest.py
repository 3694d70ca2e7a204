"""The mail hosts that the tests share: each is built once, at its first use."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack

import pytest

from tests.machine import Machine
from tests.mailhost import HOSTS, MailHost, missing


@pytest.fixture(scope="session")
def machines() -> None:
    """Whether this computer can hold machines; under CI=true it must."""
    lacks = missing()
    reason = f"needs {', '.join(lacks)}; ./deploy/test installs them" if lacks else ""
    if os.geteuid() != 0:
        reason = "needs root, to make namespaces"
    if reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture
def machine(machines: None) -> Iterator[Machine]:
    """A machine without services."""
    with Machine() as machine:
        yield machine


@pytest.fixture(scope="session")
def hosts(machines: None) -> Iterator[Callable[[str], MailHost]]:
    built: dict[str, MailHost] = {}
    with ExitStack() as stack:

        def host(name: str) -> MailHost:
            if name not in built:
                machine = stack.enter_context(Machine())
                built[name] = MailHost(machine, *HOSTS[name])
                try:
                    built[name].populate()
                except Exception as error:
                    error.add_note("\n".join(map("\n".join, machine.tails())))
                    raise
            return built[name]

        yield host


@pytest.fixture(scope="session", params=HOSTS)
def host(request: pytest.FixtureRequest, hosts: Callable[[str], MailHost]) -> MailHost:
    """One of the mail hosts, as the last test left it."""
    return hosts(request.param)


@pytest.fixture
def mail(host: MailHost) -> MailHost:
    """One of the mail hosts, applied with the default settings."""
    host.configure()
    return host


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test what the daemons said meanwhile."""
    report = yield
    used = item.funcargs.get("host") or item.funcargs.get("machine")
    machine = used.machine if isinstance(used, MailHost) else used
    if report.failed and isinstance(machine, Machine):
        report.sections += machine.tails()
    return report
