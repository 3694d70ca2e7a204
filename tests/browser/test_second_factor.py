"""Second factors in a real browser, with its virtual authenticator for passkeys."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Panel, running_panel, watched
from tests.browser.pages import ADMIN_PASSWORD, OWN_FACTORS, code, log_in
from tests.browser.test_every_page import RULES

pytestmark = pytest.mark.browser


@pytest.fixture
def own_panel(prepared: Path, tmp_path: Path) -> Iterator[Panel]:
    """A panel by a name, because browsers have no passkeys for an IP address."""
    with running_panel(prepared / "small", tmp_path / "panel", workers=2) as panel:
        yield replace(panel, url=panel.url.replace("127.0.0.1", "localhost"))


@pytest.fixture
def visitor(own_panel: Panel, browser_or_reason: Browser) -> Iterator[Page]:
    with watched(browser_or_reason, own_panel) as context:
        page = context.new_page()
        page.goto("/admin/")
        yield page


def sign_out(page: Page) -> None:
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin/log/")


def add_app(page: Page) -> str:
    page.goto(f"{OWN_FACTORS}app/")
    expect(page.locator(".qr-code svg")).to_be_visible()
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.get_by_label("Code", exact=True).fill(code(secret))
    page.get_by_role("button", name="Add").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    return secret


def add_authenticator(page: Page) -> tuple[Any, str]:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    found = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, found["authenticatorId"]


def check_with_axe(page: Page) -> None:
    """Check a page that looks different where there are passkeys."""
    page.wait_for_load_state()
    assert Axe().run(page, options=RULES).response["violations"] == []


def test_an_app_and_recovery_codes_from_set_up_to_sign_in(visitor: Page) -> None:
    page = visitor
    log_in(page, "rita", ADMIN_PASSWORD)
    secret = add_app(page)
    page.get_by_role("button", name="Generate recovery codes").click()
    shown = page.locator(".recovery-codes code")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert codes[9] in Path(download.value.path()).read_text()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    for number, entered in enumerate([code(secret, 1), codes[0], codes[0].replace("-", "")]):
        sign_out(page)
        log_in(page, "rita", ADMIN_PASSWORD)
        page.get_by_label("Code", exact=True).fill(entered)
        page.get_by_role("button", name="Sign in").click()
        if number < 2:
            expect(page).to_have_url(re.compile("/admin/log/$"))
            page.goto(OWN_FACTORS)
            expect(page.get_by_text(f"{10 - number} codes left")).to_be_visible()
    expect(page.get_by_text("This code is wrong or has already been used")).to_be_visible()


def test_a_passkey_from_set_up_to_removal(visitor: Page) -> None:
    page = visitor
    session, authenticator = add_authenticator(page)
    log_in(page, "rita", ADMIN_PASSWORD)
    page.goto(OWN_FACTORS)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").wait_for()
    expect(page.get_by_text("Passkeys require JavaScript")).to_be_hidden()
    check_with_axe(page)
    page.get_by_label("Name").fill("Rita's laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    sign_out(page)
    log_in(page, "rita", ADMIN_PASSWORD)
    page.get_by_role("button", name="Use a passkey").wait_for()
    check_with_axe(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/admin/log/$"))
    page.goto("/admin/confirm/?next=/admin/second-factor/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/admin/second-factor/$"))
    page.get_by_role("link", name="Remove Rita's laptop").wait_for()
    expect(page.get_by_text("Last used: never")).to_have_count(0)
    check_with_axe(page)
    page.get_by_role("link", name="Remove Rita's laptop").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("You currently sign in with only your password")).to_be_visible()
    sign_out(page)
    log_in(page, "rita", ADMIN_PASSWORD)
    expect(page).to_have_url(re.compile("/admin/log/$"))
    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": authenticator})


def test_a_passkey_that_is_refused_says_so(visitor: Page) -> None:
    page = visitor
    session, authenticator = add_authenticator(page)
    log_in(page, "rita", ADMIN_PASSWORD)
    page.goto(f"{OWN_FACTORS}passkey/")
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    sign_out(page)
    log_in(page, "rita", ADMIN_PASSWORD)
    session.send("WebAuthn.clearCredentials", {"authenticatorId": authenticator})
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("The passkey could not be used. Try again.")).to_be_visible()


def test_without_javascript_there_is_no_passkey_button(
    own_panel: Panel, browser_or_reason: Browser
) -> None:
    with watched(browser_or_reason, own_panel, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/admin/")
        log_in(page, "rita", ADMIN_PASSWORD)
        page.goto(f"{OWN_FACTORS}passkey/")
        expect(page.get_by_text("Passkeys require JavaScript")).to_be_visible()
        expect(page.get_by_role("button", name="Add a passkey")).to_have_count(0)
        secret = add_app(page)
        sign_out(page)
        log_in(page, "rita", ADMIN_PASSWORD)
        page.get_by_label("Code", exact=True).fill(code(secret, 1))
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile("/admin/log/$"))
