"""A pytest plugin that runs only the first case of each test, but every case of passwords.

Their hashes depend on libraries of the system and on what Python has removed.
"""

from collections.abc import Generator

import pytest

WHOLE = "tests/passwords/"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None]:
    """Choose before pytest-randomly shuffles, so that each run has the same cases."""
    chosen: dict[str, pytest.Item] = {}
    for item in items:
        name = item.nodeid
        chosen.setdefault(name if name.startswith(WHOLE) else name.partition("[")[0], item)
    kept = set(chosen.values())
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen.values()
    yield
