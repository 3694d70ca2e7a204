"""How many clicks and pages an administrator's tasks take: at most as many as were agreed on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, Request, expect

pytestmark = pytest.mark.browser
PASSWORD = "four unrelated words"
ALIAS, MAILBOX = "/admin/mailboxes/alias/", "/admin/mailboxes/mailbox/"


class Counter:
    """Counts what somebody clicks on, and the pages that are loaded."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.loads = page, 0, 0
        page.on("request", self.watch)

    def watch(self, request: Request) -> None:
        is_page = request.is_navigation_request() and request.frame == self.page.main_frame
        self.loads += is_page and request.redirected_from is None

    def click(self, found: Locator) -> None:
        self.clicks += 1
        found.click()

    def link(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name, exact=True).first)

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True).first)

    @contextmanager
    def at_most(self, clicks: int, loads: int) -> Iterator[None]:
        self.clicks = self.loads = 0
        yield
        assert self.clicks <= clicks and self.loads <= loads


def test_tasks_take_few_clicks_and_pages(rita: Page) -> None:
    """A domain with mailboxes, an alias with five targets, disabling all, and who did what."""
    work = Counter(rita)
    with work.at_most(clicks=7, loads=7):
        work.link("Domains")
        work.link("Add domain")
        rita.get_by_label("Domain", exact=True).fill("tasks.example")
        work.button("Save")
        work.click(rita.locator(".messages a", has_text="mailbox").first)
        for number, name in enumerate(("ada", "ben", "cleo")):
            rita.get_by_label("local part").fill(name)
            for field in ("#id_new_password1", "#id_new_password2"):
                rita.locator(field).fill(PASSWORD)
            work.button("Save" if number == 2 else "Save and add another")
        expect(rita.get_by_text("cleo@tasks.example").first).to_be_visible()
    rita.goto("/admin/")
    targets = ["ada@tasks.example", "ben@tasks.example", "cleo@tasks.example"]
    targets += ["anna@example.org", "bob@example.org"]
    with work.at_most(clicks=3, loads=3):
        work.link("Aliases")
        work.link("Add alias")
        rita.get_by_label("local part").fill("all@tasks.example")
        rita.locator("#id_goto").fill("\n".join(targets))
        work.button("Save")
        expect(rita.get_by_text("was added successfully")).to_be_visible()
    rita.goto(f"{MAILBOX}?domain=tasks.example&sort=-usage")
    with work.at_most(clicks=3, loads=2):
        work.click(rita.locator("#action-toggle"))
        work.button("Disable")
        work.button("Disable 3 mailboxes")
        expect(rita.get_by_text("Disabled 3 mailboxes.")).to_be_visible()
    with work.at_most(clicks=1, loads=1):
        work.button("Undo")
        expect(rita.get_by_text("The change was undone: 3 rows.")).to_be_visible()
    expect(rita).to_have_url(re.compile(r"domain=tasks.example&sort=-usage$"))
    rita.goto(ALIAS)
    with work.at_most(clicks=2, loads=2):
        work.click(rita.get_by_role("link", name="all@tasks.example"))
        work.link("History")
        expect(rita.get_by_text("rita").first).to_be_visible()
    with work.at_most(clicks=0, loads=1):
        rita.goto(f"{MAILBOX}ada@tasks.example/change/")
        expect(rita.get_by_role("link", name="all@tasks.example")).to_be_visible()
