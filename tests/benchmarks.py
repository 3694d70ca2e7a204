"""The time of a list of mailboxes compared with the stock admin's. Run it with:

    ./deploy/test -n 0 tests/benchmarks.py

It only prints: times on a shared machine are noise, and only the ratio of two that were measured
in turn means something.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client, override_settings
from django.urls import include, path

from mailboxes.admin.changelist import ListAdmin
from mailboxes.models import Domain, Mailbox, Usage

ROWS, ROUNDS, TIMES = 100, 15, 7
STOCK, OURS = "/stock/mailboxes/mailbox/", "/admin/mailboxes/mailbox/"


class StockMailboxes(admin.ModelAdmin):
    """The same columns, search and filters with the stock admin alone."""

    list_display = ["username", "name", "active", "quota", "modified"]
    list_filter = ["active", "domain"]
    search_fields = ["username", "name"]
    list_per_page = ROWS


stock = admin.AdminSite("stock")
stock.register(Mailbox, StockMailboxes)
urlpatterns = [path("stock/", stock.urls), path("", include("mailadmin.urls"))]


@contextmanager
def stock_templates() -> Iterator[None]:
    """Render with Django's own templates only."""
    with override_settings(TEMPLATES=[settings.TEMPLATES[0] | {"DIRS": []}]):
        yield


@contextmanager
def our_templates() -> Iterator[None]:
    with override_settings(TEMPLATES=[dict(settings.TEMPLATES[0])]):
        yield


def seconds(client: Client, url: str) -> float:
    """Return the median processor time of one page; a first request fills the caches."""
    page = client.get(url).content.decode()
    assert page.count("name99@example.org") and page.count('class="action-select"') == ROWS
    taken = []
    for _ in range(TIMES):
        begun = time.process_time()
        client.get(url)
        taken.append(time.process_time() - begun)
    return median(taken)


def test_a_list_of_100_rows_beside_the_stock_admins(
    rita: Client,
    domain: Domain,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ListAdmin, "list_per_page", ROWS)
    names = [f"name{number:02}" for number in range(ROWS)]
    Mailbox.objects.bulk_create(
        Mailbox(
            username=f"{name}@example.org",
            name=name.title(),
            local_part=name,
            domain=domain,
            quota=2**30,
        )
        for name in names
    )
    Usage.objects.bulk_create(Usage(username=f"{name}@example.org", bytes=2**29) for name in names)
    ratios = []
    with override_settings(ROOT_URLCONF=__name__):
        for number in range(ROUNDS):
            with stock_templates():
                theirs = seconds(rita, STOCK)
            with our_templates():
                ours = seconds(rita, OURS)
            ratios.append(ours / theirs)
            with capsys.disabled():
                print(
                    f"\n{number + 1:2}: ours {ours * 1000:.1f} ms, stock {theirs * 1000:.1f} ms",
                    end="",
                )
    low, high = min(ratios), max(ratios)
    with capsys.disabled():
        print(f"\nours / stock: {median(ratios):.2f} (from {low:.2f} to {high:.2f})")
