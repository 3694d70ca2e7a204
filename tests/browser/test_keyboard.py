"""Every control of every page reacts to the keyboard alone."""

import json
from typing import Any

import pytest
from playwright.sync_api import Error, Locator, Page, Request, Route

from tests.browser.conftest import Journey
from tests.browser.pages import STOPS, Stop, mark_controls, visit

pytestmark = pytest.mark.browser
SHELL = ".sidebar, .top, .standalone > footer, .skip"
USE = {
    "checkbox": "Space",
    "radio": "Space",
    "select-one": "ArrowDown",
    "select-multiple": "ArrowDown",
}
PRESSED = ("A", "BUTTON", "SUMMARY")
STATE = """() => { window.seen = JSON.stringify([
    location.href,
    document.body.outerHTML,
    document.activeElement.dataset.control ?? document.activeElement.tagName,
    [...document.querySelectorAll("input, select, textarea")].map(
        field => [field.value, field.checked, [...(field.selectedOptions ?? [])].length]),
    document.documentElement.dataset.theme ?? "",
]); }"""
CHANGED = STATE.replace("window.seen =", "return window.seen !==")


def kinds(page: Page) -> list[dict[str, Any]]:
    """Return what identifies each control; copies of it in other rows are the same."""
    script = """shell => [...document.querySelectorAll("[data-control]")].map(control => ({
        tag: control.tagName,
        type: control.type ?? "",
        name: control.name ?? "",
        value: control.tagName === "BUTTON" ? control.value : "",
        classes: control.className,
        text: control.tagName === "BUTTON" ? control.textContent.trim() : "",
        path: (control.getAttribute("href") ?? control.form?.getAttribute("action") ?? "")
            .replace(/[^/?=&]*(_40|@)[^/?=&]*|\\d+|[a-z]+[.][a-z.]+/g, "*"),
        shell: control.closest(shell) !== null,
        choices: control.options?.length ?? 2,
        scrolls: control.scrollWidth > control.clientWidth,
    }))"""
    return list(page.evaluate(script, SHELL))


def use(page: Page, control: Locator, what: dict[str, Any], asked: list[Request]) -> bool:
    """Use the control with the keyboard alone; say whether anything happened."""
    control.focus()
    if what["type"] == "file":
        return opens_chooser(page)
    page.evaluate(STATE)
    if what["tag"] in PRESSED or what["type"] == "submit":
        page.keyboard.press("Enter")
    elif what["type"] in USE:
        page.keyboard.press(USE[what["type"]])
    else:
        page.keyboard.press("End")
        page.keyboard.type("7")
    for _ in range(500):
        page.wait_for_timeout(20)
        try:
            if asked or page.evaluate(CHANGED):
                break
        except Error:  # the page is being left
            break
    else:
        return False
    return True


def opens_chooser(page: Page) -> bool:
    """Say whether Enter lets one choose a file, which the page itself doesn't show."""
    for _ in range(3):  # Chromium opens none while the page is still becoming active
        try:
            with page.expect_file_chooser(timeout=4000):
                page.keyboard.press("Enter")
        except Error:
            continue
        return True
    return False


def test_every_control_works_with_the_keyboard_alone(journey: Journey) -> None:
    used: set[str] = set()
    dead: list[str] = []
    for stop in STOPS:
        start: int | None = 0
        while start is not None:
            start = use_next(journey, stop, start, used, dead)
    assert len(used) > 100 and dead == []
    assert "Internal Server Error" not in journey.panels["demo"].log.read_text()


def use_next(
    journey: Journey, stop: Stop, start: int, used: set[str], dead: list[str]
) -> int | None:
    """Use the page's next new controls, until one of them submits a form or hides the next one;
    return the number to continue at, if any."""
    asked: list[Request] = []
    with journey.page(stop) as page:
        visit(stop, page)
        page.route("**/*", stay)
        page.on("request", lambda request: asked.append(request))
        mark_controls(page)
        for number, what in enumerate(kinds(page)):
            key = json.dumps(["" if what["shell"] else stop.name.partition("-")[0], what])
            if number < start or key in used or is_skipped(what):
                continue
            control = page.locator(f"[data-control='{number}']")
            if not control.is_visible():
                return number
            used.add(key)
            asked.clear()
            if not use(page, control, what, asked):
                dead.append(f"{stop}: {what}")
            if any(request.method == "POST" for request in asked):
                return number + 1
    return None


def stay(route: Route) -> None:
    """Answer a link or a search with 204, so that the browser stays on the page.

    test_every_page.py follows the links, and tests/admin/test_changelist.py tests the search.
    """
    if route.request.is_navigation_request() and route.request.method == "GET":
        route.fulfill(status=204)
    else:
        route.continue_()


def is_skipped(what: dict[str, Any]) -> bool:
    """Say whether there is nothing to use: a single choice, or a text that is only read."""
    reading = what["tag"] not in (*PRESSED, "INPUT", "SELECT", "TEXTAREA")
    leaves = what["path"].endswith(
        "/logout/"
    )  # test_admin.py: it would end the session of the others
    prints = what["text"] == "Print"  # Chromium without a window doesn't ask anything
    renames = what["text"] == "Rename"  # the other stops need the old name
    return reading or leaves or prints or renames or what["choices"] < 2
