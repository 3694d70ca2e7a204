"""The configuration page in a browser: files are shown, copied and downloaded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Panel, running_panel, sign_in, watched

pytestmark = pytest.mark.browser
URL = "/admin/configuration/"
UPGRADE = f"{URL}upgrade/?from=v2/debian12/CRAM-MD5&to=v2/debian13/ARGON2ID"
ON_MYSQL = {
    "MAIL_DATABASE_URL": "mysql://nobody:x@127.0.0.1:1/mail",
    "MAIL_LOOKUP_PASSWORD": "secret of look-ups",
    "MAIL_AUTH_PASSWORD": "secret of sign-ins",
}
CLIPBOARD = "navigator.clipboard.readText()"
CARDS = """[...document.querySelectorAll(".hop:not(.pending)")].map(hop => {
    const {top, right, width, height} = hop.getBoundingClientRect();
    return [top, right, height, hop.matches(".wide") ? width : 0].map(Math.round);
})"""


@pytest.fixture(scope="module")
def mysql_panel(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A panel whose files contain passwords; its mail database is unreachable."""
    with running_panel(prepared / "empty", tmp_path_factory.mktemp("mysql"), ON_MYSQL) as panel:
        yield panel


def test_the_configuration_is_shown_copied_and_downloaded(rita: Page) -> None:
    rita.get_by_role("list", name="Server").get_by_role("link", name="Configuration").click()
    expect(rita.get_by_role("heading", name="V2 on Debian 13 (trixie)")).to_be_visible()
    file = rita.locator(".file").first
    place = file.bounding_box()
    assert place and place["y"] < 320, "the files begin too far down, below one notice"
    file.locator("summary").click()
    text = rita.get_by_role("region", name="Contents of etc/dovecot/conf.d/99-mailadmin.conf")
    expect(text).to_contain_text("auth_mechanisms = plain login cram-md5")
    copy = rita.get_by_role("button", name="Copy apply", exact=True)
    copy.click()
    expect(rita.locator("#announcements")).to_have_text("Copied")
    expect(copy).to_have_text("Copied")
    expect(copy).to_have_text("Copy")
    assert rita.evaluate(CLIPBOARD).startswith("#!/bin/sh")
    with rita.expect_download() as download:
        rita.get_by_role("button", name="Download all").click()
    assert download.value.suggested_filename == "mailadmin-v2-debian13.tar.gz"
    with rita.expect_download() as download:
        rita.get_by_role("button", name="Download README").click()
    assert download.value.suggested_filename == "README"


def test_copies_match_the_file_byte_for_byte(rita: Page) -> None:
    rita.goto(URL)
    for name in ("etc/dovecot/mailadmin-sql.conf.ext", "README", "postfix/master.cf"):
        rita.get_by_role("button", name=f"Copy {name}").click()
        expect(rita.locator("#announcements")).to_have_text("Copied")
        with rita.expect_download() as download:
            rita.get_by_role("button", name=f"Download {name}").click()
        assert rita.evaluate(CLIPBOARD) == download.value.path().read_text()


def test_a_command_is_copied_without_a_line_break(rita: Page) -> None:
    rita.goto(f"{URL}#steps")
    rita.get_by_role("button", name="Copy sh apply --dry-run").press("Enter")
    expect(rita.locator("#announcements")).to_have_text("Copied")
    assert rita.evaluate(CLIPBOARD) == "sh apply --dry-run"
    rita.goto(UPGRADE)
    rita.get_by_role("button", name="Copy MAIL_PASSWORD_SCHEME=ARGON2ID").press("Enter")
    expect(rita.locator("#announcements")).to_have_text("Copied")
    assert rita.evaluate(CLIPBOARD) == "MAIL_PASSWORD_SCHEME=ARGON2ID"


def test_a_copy_contains_the_password_that_the_page_hides(
    mysql_panel: Panel, browser_or_reason: Browser
) -> None:
    with watched(browser_or_reason, mysql_panel) as context:
        page = context.new_page()
        page.goto(URL)
        page.get_by_label("Username").fill("rita")
        page.get_by_label("Password").fill(mysql_panel.admin_password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="The other variant").click()
        expect(page.get_by_text("The mailboxes can't be counted at the moment")).to_be_visible()
        page.wait_for_load_state()
        assert "secret of" not in page.content()
        page.get_by_role("button", name="Copy grants.sql").click()
        expect(page.locator("#announcements")).to_have_text("Copied")
        assert "IDENTIFIED BY 'secret of sign-ins'" in page.evaluate(CLIPBOARD)


def test_without_clipboard_access_the_text_is_selected(rita: Page) -> None:
    # As on a page without TLS.
    rita.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    rita.goto(URL)
    rita.get_by_role("button", name="Copy README").press("Enter")
    expect(rita.locator("#announcements")).to_contain_text("The text is selected; press Ctrl+C")
    expect(rita.get_by_role("region", name="Contents of README")).to_be_visible()
    assert rita.evaluate("getSelection().toString()").startswith("The mail host ")


def test_files_open_by_their_links_or_all_at_once(rita: Page) -> None:
    rita.goto(URL)
    texts = rita.locator(".file pre")
    readme = rita.get_by_role("region", name="Contents of README")
    expect(readme).to_be_hidden()
    rita.get_by_text("Files", exact=True).click()
    rita.get_by_role("link", name="README").press("Enter")
    expect(readme).to_be_in_viewport()
    rita.get_by_role("button", name="Collapse all").press("Enter")
    expect(texts.filter(visible=True)).to_have_count(0)
    rita.get_by_role("button", name="Expand all").press("Enter")
    expect(texts.filter(visible=True)).to_have_count(texts.count())
    expect(rita.locator("#announcements")).to_have_text("All files are expanded.")


def test_files_open_without_javascript(panel: Panel, browser_or_reason: Browser) -> None:
    with watched(browser_or_reason, panel, java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, "rita", panel.admin_password)
        page.goto(URL)
        assert page.get_by_role("button", name="Copy").count() == 0
        page.get_by_text("lines of README").press("Enter")
        expect(page.get_by_role("region", name="Contents of README")).to_be_visible()


@pytest.mark.parametrize("url", [URL, UPGRADE])
def test_files_fit_a_phone_without_horizontal_scrolling(rita: Page, url: str) -> None:
    rita.set_viewport_size({"width": 390, "height": 844})
    rita.goto(url)
    rita.evaluate("document.querySelectorAll('main details').forEach(part => { part.open = true })")
    assert rita.locator("main pre").filter(visible=True).count() > 5
    assert rita.evaluate("document.documentElement.scrollWidth") == 390


def test_nothing_is_copied_once_the_session_has_ended(
    mysql_panel: Panel, browser_or_reason: Browser
) -> None:
    with watched(browser_or_reason, mysql_panel) as context:
        page = context.new_page()
        page.goto(URL)
        page.get_by_label("Username").fill("rita")
        page.get_by_label("Password").fill(mysql_panel.admin_password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Configuration").wait_for()
        page.evaluate("navigator.clipboard.writeText('as before')")
        context.clear_cookies()
        page.get_by_role("button", name="Copy grants.sql").press("Enter")
        page.wait_for_url("**/admin/login/**")
        assert page.evaluate(CLIPBOARD) == "as before"


def test_commands_of_the_doctor_can_be_copied_as_soon_as_a_hop_is_shown(rita: Page) -> None:
    rita.goto("/admin/doctor/")
    rita.get_by_role("button", name="Examine the mail host").click()
    copy = rita.locator(".hop .copy").first
    copy.click()
    expect(copy).to_have_text("Copied")
    assert rita.evaluate(CLIPBOARD) == "sudo sh apply --dry-run"
    expect(rita.locator(".verdict")).to_contain_text("Something is broken.")
    expect(rita.locator(".running, .pending").locator("visible=true")).to_have_count(0)
    rita.wait_for_load_state()
    for width in (1280, 900):
        rita.set_viewport_size({"width": width, "height": 800})
        check_cards(rita.evaluate(CARDS))


def check_cards(cards: list[list[int]]) -> None:
    """Check that the cards of a row are equally high, and that no row but the last has a hole."""
    rows = [
        [card for card in cards if card[0] == top] for top in sorted({top for top, *_ in cards})
    ]
    assert len(rows) > 1 and len({max(right for _, right, *_ in row) for row in rows[:-1]}) == 1
    assert [len({height for *_, height, _ in row}) for row in rows] == [1] * len(rows)
    assert {width > 400 for *_, width in cards if width} == {True}
