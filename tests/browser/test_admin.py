import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_domain_and_a_mailbox_are_made_and_the_mailbox_is_disabled(rita: Page) -> None:
    rita.get_by_role("link", name="Domains", exact=True).click()
    rita.get_by_role("link", name="Add domain").first.click()
    rita.get_by_label("Domain:").fill("example.net")
    rita.get_by_role("button", name="Save", exact=True).click()
    expect(rita.get_by_text("was added successfully")).to_be_visible()
    rita.goto("/admin/mailboxes/mailbox/add/")
    rita.get_by_label("Address:").fill("dora@example.net")
    rita.get_by_label("Quota:").fill("1G")
    rita.get_by_label("Password:").fill("four unrelated words")
    rita.get_by_label("Password, again:").fill("four unrelated words")
    rita.get_by_role("button", name="Save", exact=True).click()
    expect(rita.get_by_text("was added successfully")).to_be_visible()
    rita.goto("/admin/mailboxes/mailbox/?q=dora")
    expect(rita.get_by_role("cell", name="1 GiB")).to_be_visible()
    rita.locator("#action-toggle").check()
    rita.get_by_label("Action:").select_option("disable")
    rita.get_by_role("button", name="Go").click()
    expect(rita.get_by_text("Disabled 1.")).to_be_visible()


def test_a_refusal_stands_at_its_field(rita: Page) -> None:
    rita.goto("/admin/mailboxes/mailbox/add/")
    rita.get_by_label("Address:").fill("anna@example.com")
    rita.get_by_label("Password:").fill("four unrelated words")
    rita.get_by_label("Password, again:").fill("four unrelated words")
    rita.get_by_role("button", name="Save", exact=True).click()
    expect(rita.get_by_text("The domain example.com does not exist here")).to_be_visible()


def test_deleting_says_what_goes(rita: Page) -> None:
    rita.goto("/admin/mailboxes/domain/example.org/change/")
    rita.get_by_role("link", name="Delete").click()
    expect(rita.get_by_text("The domain example.org with")).to_be_visible()
    rita.get_by_role("link", name="No, take me back").click()
    expect(rita).to_have_url(re.compile("/domain/example.org/change/"))


def test_signing_out_ends_the_session(rita: Page) -> None:
    rita.locator(".account summary").press("Enter")
    rita.get_by_role("button", name="Log out").press("Enter")
    expect(rita.get_by_role("heading", name="Logged out")).to_be_visible()
    rita.goto("/admin/configuration/")
    expect(rita).to_have_url(re.compile("/admin/login/"))
