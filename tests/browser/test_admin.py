"""An administrator's work in a browser: forms, keyboard, themes and signing out."""

import re

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.conftest import Panel, sign_in, watched

pytestmark = pytest.mark.browser
PASSWORD = "four unrelated words"


def fill(page: Page, address: str) -> None:
    page.goto("/admin/mailboxes/mailbox/add/")
    name, _, domain = address.partition("@")
    page.get_by_label("local part").fill(name)
    if domain == "example.org":
        page.get_by_role("combobox", name="domain").select_option(domain)
    else:
        page.get_by_label("local part").fill(address)
    page.locator("#id_new_password1").fill(PASSWORD)
    page.get_by_label("Repeat password").fill(PASSWORD)


def test_a_domain_and_a_mailbox_are_created_and_the_mailbox_is_disabled(rita: Page) -> None:
    rita.get_by_role("link", name="Domains", exact=True).first.click()
    rita.get_by_role("link", name="Add domain").click()
    rita.get_by_label("Domain", exact=True).fill("example.net")
    rita.get_by_role("button", name="Save", exact=True).click()
    expect(rita.get_by_text("was added successfully")).to_be_visible()
    fill(rita, "dora@example.net")
    rita.get_by_label("number").fill("1")
    rita.get_by_role("button", name="Save", exact=True).click()
    expect(rita.get_by_text("was added successfully")).to_be_visible()
    rita.goto("/admin/mailboxes/mailbox/?q=dora")
    expect(rita.get_by_role("cell", name="1 GiB")).to_be_visible()
    rita.locator("#action-toggle").check()
    expect(rita.get_by_text("1 selected")).to_be_visible()
    rita.get_by_role("button", name="Disable").click()
    rita.get_by_role("heading", name="Disable 1 mailbox?").wait_for()
    rita.get_by_role("button", name="Disable 1 mailbox").click()
    expect(rita.get_by_text("Disabled 1 mailbox.")).to_be_visible()
    rita.get_by_role("button", name="Undo").click()
    expect(rita.get_by_text("The change was undone: 1 row.")).to_be_visible()
    expect(rita).to_have_url(re.compile(r"\?q=dora"))


def test_an_error_is_shown_at_its_field_which_is_focused(rita: Page) -> None:
    fill(rita, "anna@example.com")
    rita.get_by_role("button", name="Save", exact=True).click()
    expect(rita.locator("#id_address_error")).to_contain_text(
        "The domain example.com doesn't exist here"
    )
    expect(rita.get_by_label("local part")).to_be_focused()
    for name in ("new_password1", "new_password2"):
        assert rita.locator(f"#id_{name}").input_value() == PASSWORD


def test_a_selection_lasts_over_pages_until_an_action_has_run(rita: Page) -> None:
    for name in ("sel.a", "sel.b"):
        fill(rita, f"{name}@example.org")
        rita.get_by_role("button", name="Save", exact=True).click()
    rita.goto("/admin/mailboxes/mailbox/?q=sel.")
    expect(rita.get_by_role("button", name="Disable")).to_be_hidden()
    rita.get_by_label("Select sel.a@example.org").check()
    rita.goto("/admin/mailboxes/mailbox/?q=sel.&after=sel.a@example.org")
    expect(rita.get_by_text("1 selected, 1 of them on other pages")).to_be_visible()
    rita.get_by_label("Select sel.b@example.org").check()
    rita.get_by_role("button", name="Disable").click()
    rita.get_by_role("button", name="Disable 2 mailboxes").click()
    expect(rita.get_by_text("Disabled 2 mailboxes.")).to_be_visible()
    expect(rita.get_by_text("None selected")).to_be_visible()
    rita.get_by_label("Select sel.b@example.org").check()
    rita.goto("/admin/mailboxes/mailbox/?q=sel.&before=sel.b@example.org")
    rita.get_by_role("button", name="Clear selection").click()
    expect(rita.get_by_text("None selected")).to_be_visible()


def test_changes_are_not_left_behind_without_being_asked(rita: Page) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    rita.on("dialog", leave)
    page = "/admin/mailboxes/mailbox/anna_40example.org/change/"
    crumb = rita.get_by_role("navigation", name="Breadcrumbs").get_by_role("link").last
    rita.goto(page)
    crumb.click()
    rita.wait_for_url("**/mailbox/")
    assert asked == []
    rita.goto(page)
    rita.get_by_label("Name").fill("Anna B.")
    crumb.click()
    rita.wait_for_url("**/mailbox/")
    assert asked == ["beforeunload"]
    rita.goto(page)
    rita.get_by_label("Name").fill("Anna Berg")
    rita.get_by_role("button", name="Save and continue editing").click()
    expect(rita.get_by_text("was changed successfully")).to_be_visible()
    assert asked == ["beforeunload"]


def test_a_mailbox_is_created_with_the_keyboard_and_a_generated_password(rita: Page) -> None:
    rita.goto("/admin/mailboxes/mailbox/add/")
    expect(rita.get_by_label("local part")).to_be_focused()
    rita.keyboard.type("emil")
    rita.keyboard.press("Tab")
    rita.keyboard.type("example.org")
    expect(rita.get_by_text("The address will be emil@example.org")).to_be_visible()
    for _ in range(7):
        rita.keyboard.press("Tab")
    expect(rita.get_by_role("button", name="Generate")).to_be_focused()
    rita.keyboard.press("Enter")
    made = rita.locator("#id_new_password1").input_value()
    assert re.fullmatch(r"(\w{5}-){3}\w{5}", made)
    assert rita.get_by_label("Repeat password").input_value() == made
    expect(rita.get_by_text("This password is strong enough.")).to_be_visible()
    rita.keyboard.press("Tab")
    rita.keyboard.press("Enter")
    expect(rita.locator("#announcements")).to_have_text("Copied")
    assert rita.evaluate("navigator.clipboard.readText()") == made
    show = rita.get_by_role("button", name="Hide")
    show.press("Enter")
    assert rita.locator("#id_new_password1").get_attribute("type") == "password"
    rita.keyboard.press("Tab")
    rita.get_by_label("Repeat password").press("Enter")
    expect(rita.get_by_text("was added successfully")).to_be_visible()
    rita.goto("/admin/mailboxes/mailbox/emil_40example.org/change/")
    assert made not in rita.content()


@pytest.mark.parametrize(
    ("password", "verdict"),
    [
        ("short", "too short"),
        ("aaaaaaaaaaaa", "too easy to guess"),
        ("anna@example.org", "too easy to guess"),
        ("autumn leaves fall", "strong enough"),
    ],
)
def test_the_password_is_checked_while_it_is_typed(page: Page, password: str, verdict: str) -> None:
    page.goto("/password/")
    page.get_by_label("Email address").fill("anna@example.org")
    page.get_by_label("New password", exact=True).fill(password)
    expect(page.get_by_text(verdict)).to_be_visible()


def test_a_mailbox_is_created_without_javascript(panel: Panel, browser_or_reason: Browser) -> None:
    with watched(browser_or_reason, panel, java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, "rita", panel.admin_password)
        fill(page, "fred@example.org")
        expect(page.get_by_role("button", name="Generate")).to_be_hidden()
        handling, sentence = page.locator("[name=handling]"), page.locator("[name=sentence]")
        expect(sentence).to_be_hidden()
        handling.select_option("refused")
        expect(sentence).to_be_visible()
        handling.select_option("delivered")
        expect(sentence).to_be_hidden()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("was added successfully")).to_be_visible()


def test_deleting_lists_what_is_deleted_and_asks_for_the_name(rita: Page) -> None:
    rita.goto("/admin/mailboxes/domain/example.org/change/")
    rita.get_by_role("link", name="Delete").click()
    expect(rita.get_by_text("mailboxes in this domain.")).to_be_visible()
    rita.get_by_label("Type example.org to confirm").fill("example.net")
    rita.get_by_role("button", name="Delete").click()
    expect(rita.get_by_text("Nothing was deleted")).to_be_visible()
    rita.get_by_role("link", name="Cancel").click()
    expect(rita).to_have_url(re.compile("/domain/example.org/change/"))


def test_disabling_from_the_form_can_be_undone_and_is_in_the_history(rita: Page) -> None:
    rita.set_viewport_size({"width": 1280, "height": 620})
    rita.goto("/admin/mailboxes/mailbox/carl_40example.org/change/")
    rita.get_by_role("button", name="Disable").click()
    expect(rita.get_by_text("carl@example.org is disabled.")).to_be_in_viewport()
    expect(rita.get_by_label("Name")).to_be_focused()
    rita.get_by_role("button", name="Undo").click()
    expect(rita.get_by_text("carl@example.org is enabled.")).to_be_visible()
    rita.set_viewport_size({"width": 390, "height": 620})
    rita.reload()
    expect(rita.get_by_text("At a glance")).to_be_in_viewport()
    rita.get_by_label("Name").fill("Carl Ode")
    rita.get_by_role("button", name="Save and continue editing").click()
    rita.get_by_role("link", name="History").click()
    expect(rita.get_by_role("cell", name="Carl Ode")).to_be_visible()
    expect(rita.get_by_role("cell", name="Active: no changed to yes")).to_be_visible()


def test_slash_focuses_the_search_and_escape_closes_the_filters(rita: Page) -> None:
    rita.keyboard.press("/")
    expect(rita.get_by_label("Search everything")).to_be_focused()
    rita.keyboard.type("bob@")
    rita.keyboard.press("Enter")
    expect(rita.get_by_role("link", name="bob@example.org", exact=True)).to_be_visible()
    rita.get_by_role("link", name="Show as a list").first.click()
    rita.locator(".filters summary").press("Enter")
    expect(rita.get_by_role("link", name="disabled")).to_be_visible()
    rita.keyboard.press("Escape")
    expect(rita.get_by_role("link", name="disabled")).to_be_hidden()
    rita.keyboard.press("/")
    expect(rita.get_by_label("Search", exact=True)).to_be_focused()
    rita.keyboard.type("/")
    expect(rita.get_by_label("Search", exact=True)).to_have_value("/")


def test_ctrl_k_focuses_the_search_from_within_a_field(rita: Page) -> None:
    rita.goto("/admin/mailboxes/mailbox/add/")
    expect(rita.get_by_label("local part")).to_be_focused()
    rita.keyboard.type("a/b")
    expect(rita.get_by_label("local part")).to_have_value("a/b")
    rita.keyboard.press("Control+k")
    expect(rita.get_by_label("Search everything")).to_be_focused()


def test_the_slash_shortcut_can_be_switched_off(rita: Page) -> None:
    rita.locator(".account summary").press("Enter")
    rita.get_by_role("button", name="Search shortcut: /").press("Enter")
    rita.goto("/admin/")
    rita.keyboard.press("/")
    expect(rita.get_by_label("Search everything")).not_to_be_focused()
    rita.locator(".account summary").press("Enter")
    button = rita.get_by_role("button", name="Search shortcut: /")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.press("Enter")
    rita.locator(".account summary").press("Escape")
    expect(rita.locator(".account summary")).to_be_focused()
    rita.keyboard.press("/")
    expect(rita.get_by_label("Search everything")).to_be_focused()


def test_on_a_phone_the_search_opens_the_menu_which_keeps_the_focus(rita: Page) -> None:
    rita.set_viewport_size({"width": 390, "height": 844})
    rita.keyboard.press("/")
    expect(rita.get_by_label("Search everything")).to_be_focused()
    for _ in range(30):
        rita.keyboard.press("Tab")
        assert not rita.evaluate("document.activeElement.closest('.page')")
    rita.get_by_role("link", name="Close").press("Enter")
    expect(rita.locator(".page:not([inert])")).to_be_visible()
    rita.locator("#open-menu").press("Enter")
    rita.keyboard.press("Escape")
    expect(rita.locator("#open-menu")).to_be_focused()


def test_an_idn_is_shown_as_it_will_be_stored(rita: Page) -> None:
    rita.goto("/admin/mailboxes/mailbox/add/")
    rita.get_by_label("local part").press_sequentially("Anna@Müller.de")
    expect(rita.get_by_text("The address will be anna@xn--mller-kva.de")).to_be_visible()


def test_an_empty_password_is_not_copied(rita: Page) -> None:
    rita.goto("/admin/mailboxes/mailbox/add/")
    rita.get_by_role("button", name="Copy").press("Enter")
    expect(rita.locator("#announcements")).to_have_text("Enter or generate a password first.")
    expect(rita.locator("#id_new_password1")).to_be_focused()


def test_the_chosen_theme_is_kept(rita: Page) -> None:
    rita.locator(".account summary").press("Enter")
    ground = "getComputedStyle(document.body).backgroundColor"
    before = rita.evaluate(ground)
    rita.get_by_role("button", name="Dark").press("Enter")
    assert rita.evaluate(ground) != before
    rita.reload()
    assert rita.evaluate("document.documentElement.dataset.theme") == "dark"
    rita.locator(".account summary").press("Enter")
    expect(rita.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


def test_times_are_in_the_viewers_time_zone(panel: Panel, browser_or_reason: Browser) -> None:
    with watched(browser_or_reason, panel, timezone_id="Asia/Tokyo") as context:
        page = context.new_page()
        sign_in(page, "rita", panel.admin_password)
        page.goto("/admin/mailboxes/mailbox/anna_40example.org/change/")
        expect(page.locator("time").first).to_contain_text("GMT+9")


@pytest.mark.finding("validation-bypass")
def test_signing_out_ends_the_session(page: Page, panel: Panel) -> None:
    sign_in(page, "rita", panel.admin_password)
    page.locator(".account summary").press("Enter")
    page.get_by_role("button", name="Sign out").press("Enter")
    expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
    page.goto("/admin/configuration/")
    expect(page).to_have_url(re.compile("/admin/login/"))
