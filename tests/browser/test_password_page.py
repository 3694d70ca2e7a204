"""The owner of a mailbox changes its password in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import PASSWORD

pytestmark = pytest.mark.browser
NEW = "a password for tomorrow"


def fill(page: Page, address: str, current: str, new: str) -> None:
    page.goto("/password/")
    expect(page.get_by_label("Mail address")).to_be_focused()
    page.keyboard.type(address)
    page.keyboard.press("Tab")
    page.keyboard.type(current)
    page.keyboard.press("Tab")
    page.keyboard.type(new)
    for _ in range(4):  # over the buttons that show, generate and copy
        page.keyboard.press("Tab")
    page.keyboard.type(new)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_an_owner_changes_the_password_by_keyboard(page: Page) -> None:
    fill(page, "anna@example.org", PASSWORD, NEW)
    expect(page).to_have_url(re.compile("/password/changed/$"))
    fill(page, "anna@example.org", PASSWORD, NEW)
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    fill(page, "anna@example.org", NEW, PASSWORD)
    expect(page.get_by_role("heading", name="Password changed")).to_be_visible()


def test_an_owner_who_is_asked_to_sign_in_once_needs_no_new_password(page: Page) -> None:
    page.goto("/password/")
    page.keyboard.type("bob@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your password stays the same")).to_be_visible()


def test_a_weak_password_is_explained_at_its_field(page: Page) -> None:
    fill(page, "bob@example.org", PASSWORD, "short")
    expect(page.get_by_role("alert")).to_contain_text("too short")
    expect(page.get_by_label("New password", exact=True)).to_have_attribute("aria-invalid", "true")


def test_failures_lock_across_the_workers(page: Page) -> None:
    for _ in range(6):
        fill(page, "carl@example.org", "wrong", NEW)
    expect(page.get_by_role("heading", name="Too many attempts")).to_be_visible()
    for _ in range(4):
        fill(page, "carl@example.org", PASSWORD, NEW)
        expect(page.get_by_role("heading", name="Too many attempts")).to_be_visible()
