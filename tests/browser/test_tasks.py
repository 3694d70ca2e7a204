"""How many clicks and pages an administrator's tasks take: at most as many as were agreed on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.pages import IMPORT
from tests.browser.pages import PASSWORD as OLD

pytestmark = pytest.mark.browser
PASSWORD = "four unrelated words"
NEW = "a password for tomorrow"
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

    def choose(self, found: Locator, label: str) -> None:
        self.clicks += 1
        found.select_option(label=label)

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
    with work.at_most(clicks=5, loads=5):
        work.link("Add domain")
        rita.get_by_label("Domain", exact=True).fill("tasks.example")
        work.button("Save and add mailbox")
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
        goto = rita.locator("#id_goto")
        goto.press_sequentially("ada@t")
        expect(rita.get_by_role("option", name=targets[0])).to_be_visible()
        goto.press("ArrowDown")
        goto.press("Enter")
        expect(goto).to_have_value(f"{targets[0]}\n")
        goto.press_sequentially("\n".join(targets[1:]))
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


def test_more_tasks_take_few_clicks_and_pages(rita: Page) -> None:
    """A new password with its sheet, the quota of mailboxes on two pages, a new name, refusing mail
    below a catch-all, an administrator of one domain, and what remains to be set up.
    """
    add_52_mailboxes(rita)
    work = Counter(rita)
    rita.goto("/admin/")
    with work.at_most(clicks=0, loads=0):
        expect(rita.get_by_role("heading", name="First steps")).to_be_visible()
    counts = rita.locator(".counts").bounding_box()
    steps = rita.locator(".card:has(> .first-steps)").bounding_box()
    assert counts and steps and counts["y"] < 120 and steps["height"] < 280
    with work.at_most(clicks=2, loads=2):
        rita.keyboard.press("/")
        rita.keyboard.type("q07@quotas.example")
        rita.keyboard.press("Enter")
        work.button("Generate")
        work.button("Save and show welcome sheet")
        expect(rita.get_by_role("heading", name="q07@quotas.example")).to_be_visible()
    rita.goto(f"{MAILBOX}?domain=quotas.example")
    with work.at_most(clicks=5, loads=4):
        work.click(rita.locator("#action-toggle"))
        work.link("Next")
        work.click(rita.locator("#action-toggle"))
        work.button("Change quota…")
        rita.get_by_label("number").fill("2")
        work.button("Change the quota of 52 mailboxes")
        expect(rita.get_by_text("Changed the quota of 52 mailboxes.")).to_be_visible()
    rita.goto(f"{MAILBOX}q07@quotas.example/change/")
    with work.at_most(clicks=1, loads=1):
        work.link("Client settings")
        expect(rita.get_by_text("993").first).to_be_visible()
    rita.goto(f"{MAILBOX}q08@quotas.example/change/")
    with work.at_most(clicks=3, loads=3):
        work.link("Rename")
        rita.get_by_label("local part").fill("renamed")
        work.button("Continue")
        work.button("Rename")
        expect(rita.get_by_text("renamed@quotas.example").first).to_be_visible()
    rita.goto(f"{ALIAS}add/?domain=quotas.example")
    with work.at_most(clicks=2, loads=1):
        rita.get_by_label("local part").fill("nobody")
        work.choose(rita.get_by_label("Mail for this address"), "Refused, with the sentence below")
        work.button("Save")
        expect(rita.get_by_text("was added successfully")).to_be_visible()
    rita.goto("/admin/")
    with work.at_most(clicks=4, loads=3):
        work.link("Administrators")
        work.link("Add administrator")
        rita.get_by_label("Username").fill("quentin")
        work.click(rita.locator("[name=role][value=domain]"))
        rita.locator("#id_domains").fill("quotas.example")
        for field in ("#id_password1", "#id_password2"):
            rita.locator(field).fill(PASSWORD)
        work.button("Save")
        expect(rita.get_by_text("was added successfully")).to_be_visible()


def add_52_mailboxes(page: Page) -> None:
    lines = "".join(f"q{number:02}@quotas.example,{PASSWORD}\n" for number in range(52))
    file = {
        "name": "q.csv",
        "mimeType": "text/csv",
        "buffer": f"address,password\n{lines}".encode(),
    }
    page.goto(IMPORT)
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_label("Add missing domains").check()
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("heading", name="Imported").wait_for()


def test_owners_tasks_take_few_clicks_and_pages(page: Page) -> None:
    """On a phone: settings for mail programs, a wrong current password, and one that an
    administrator has forgotten.
    """
    page.set_viewport_size({"width": 390, "height": 844})
    work = Counter(page)
    page.goto("/password/")
    with work.at_most(clicks=1, loads=1):
        work.link("Settings for mail programs")
        page.get_by_label("Mail address").wait_for()
    page.goto("/password/")
    page.get_by_label("Mail address").fill("olga@example.org")
    for name, text in (("current", "wrong"), ("new_password1", NEW), ("new_password2", NEW)):
        page.locator(f"[name^={name}]").fill(text)
    with work.at_most(clicks=2, loads=2):
        work.button("Change password")
        expect(page.get_by_role("alert")).to_contain_text("is wrong")
        page.get_by_label("Current password").fill(OLD)
        work.button("Change password")
        expect(page.get_by_role("heading", name="Password changed")).to_be_visible()
    page.goto("/admin/login/")
    with work.at_most(clicks=1, loads=1):
        page.get_by_label("Username").fill("rita")
        page.get_by_label("Password").fill("forgotten")
        work.button("Sign in")
        expect(page.get_by_text("manage.py changepassword")).to_be_visible()
