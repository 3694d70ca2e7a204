"""What holds of every page: axe finds nothing, each control is reached and used by keyboard, the
console stays silent, and the page is of use without JavaScript."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from tests.browser.conftest import Panel, running_panel, sign_in, watched
from tests.browser.pages import STOPS, Stop, visit

pytestmark = pytest.mark.browser
MODES = [
    (width, height, scheme)
    for width, height in ((1280, 800), (390, 844))
    for scheme in ("light", "dark")
]
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
SHELL = ".side, .top, .alone > footer, .skip"
NO_DATABASE = "mysql://nobody:x@127.0.0.1:1/mail"
OTTO = """
from django.contrib.auth.models import User
User.objects.create_user("otto", is_staff=True, password="{}")
"""


@dataclass
class Journey:
    """Where the pages are: a panel full of demonstration data, and one that is out of order."""

    browser: Browser
    demo: Panel
    broken: Panel
    states: dict[str, Any]

    @contextmanager
    def page(self, stop: Stop, **options: Any) -> Iterator[Page]:
        panel = self.broken if stop.broken else self.demo
        state = self.states.get(stop.who)
        calm = {"reduced_motion": "reduce", "storage_state": state}
        with watched(self.browser, panel, **calm, **options) as context:
            yield context.new_page()


@pytest.fixture(scope="module")
def panels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Panel, Panel, str]]:
    password = secrets.token_urlsafe(20)
    commands = {"createsuperuser --noinput": "", "createdemo": "", "shell": OTTO.format(password)}
    folder = tmp_path_factory.mktemp("demo")
    ruin = tmp_path_factory.mktemp("broken")
    drop = "from django.db import connection;connection.cursor().execute('DROP TABLE auth_user')"
    settings = {
        "MAIL_DATABASE_URL": NO_DATABASE,
        "MAIL_LOOKUP_PASSWORD": "x",
        "MAIL_AUTH_PASSWORD": "x",
    }
    with (
        running_panel(folder, commands) as demo,
        running_panel(ruin, {"shell": drop}, settings) as broken,
    ):
        yield demo, broken, password


@pytest.fixture(scope="module")
def journey(panels: tuple[Panel, Panel, str], browser_or_reason: Browser) -> Journey:
    demo, broken, password = panels
    states = {}
    for who, secret in (("rita", demo.admin_password), ("otto", password)):
        with watched(browser_or_reason, demo) as context:
            sign_in(context.new_page(), who, secret)
            states[who] = context.storage_state()
    return Journey(browser_or_reason, demo, broken, states)


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_axe_finds_nothing_light_or_dark_on_a_desk_or_a_phone(journey: Journey, stop: Stop) -> None:
    with journey.page(stop) as page:
        assert visit(stop, page) == stop.status
        for width, height, scheme in MODES:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = Axe().run(page, options=RULES).response["violations"]
            told = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]
            assert told == [], f"{width} {scheme}"
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{stop} is {wide} wide on a screen of {width}"


def mark_controls(page: Page) -> int:
    """Number the controls that one sees; the first of some radio buttons stands for all."""
    script = """selector => {
        const seen = [...document.querySelectorAll(selector)].filter(
            control => control.checkVisibility({visibilityProperty: true}) && !control.disabled
                && control.tabIndex >= 0);
        const names = new Set();
        let number = 0;
        for (const control of seen) {
            if (control.type === "radio" && names.has(control.name)) continue;
            if (control.type === "radio") names.add(control.name);
            control.dataset.control = number++;
        }
        return number;
    }"""
    return int(page.evaluate(script, CONTROLS))


FOCUS = """() => {
    const control = document.activeElement;
    const box = control.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const style = getComputedStyle(control);
    const nearby = top
        && (control.contains(top) || top.contains(control) || top.control === control);
    return {
        number: control.dataset.control ?? null,
        radio: control.type === "radio" ? control.name : "",
        marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        covered: box.height < innerHeight && !nearby,
        html: control.outerHTML.slice(0, 160),
    };
}"""


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_tab_reaches_each_control_and_shows_where_one_is(journey: Journey, stop: Stop) -> None:
    with journey.page(stop) as page:
        visit(stop, page)
        count = mark_controls(page)
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        reached = set()
        for _ in range(count + 5):
            page.keyboard.press("Tab")
            focus = page.evaluate(FOCUS)
            if focus["number"] is None:
                continue
            reached.add(int(focus["number"]))
            assert focus["marked"], f"no one sees the focus on {focus['html']}"
            assert not focus["covered"], f"something covers {focus['html']}"
        missed = [
            page.locator(f"[data-control='{number}']").evaluate("e => e.outerHTML.slice(0, 160)")
            for number in sorted(set(range(count)) - reached)
        ]
        assert count > 0 and missed == []


USE = {
    "checkbox": "Space",
    "radio": "Space",
    "select-one": "ArrowDown",
    "select-multiple": "ArrowDown",
}
PRESSED = ("A", "BUTTON", "SUMMARY")
STATE = """() => JSON.stringify([
    location.href,
    document.body.outerHTML,
    document.activeElement.dataset.control ?? document.activeElement.tagName,
    [...document.querySelectorAll("input, select, textarea")].map(
        field => [field.value, field.checked, [...(field.selectedOptions ?? [])].length]),
    document.documentElement.dataset.theme ?? "",
])"""


def kind(control: Locator) -> dict[str, Any]:
    """Return what tells this control from others: twins in a hundred rows are one."""
    script = """(control, shell) => ({
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
    })"""
    return dict(control.evaluate(script, SHELL))


def use(page: Page, control: Locator, what: dict[str, Any]) -> bool:
    """Use the control with the keyboard alone; say whether anything came of it."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("download", lambda download: asked.append(download.url))
    control.focus()
    before = page.evaluate(STATE)
    if pressed(what):
        page.keyboard.press("Enter")
    elif what["type"] in USE:
        page.keyboard.press(USE[what["type"]])
    else:
        page.keyboard.press("End")
        page.keyboard.type("7")
    page.wait_for_timeout(30)
    page.wait_for_load_state()
    return bool(asked) or page.evaluate(STATE) != before


def test_each_control_is_used_with_the_keyboard_alone(journey: Journey) -> None:
    used: set[str] = set()
    dead: list[str] = []
    for stop in STOPS:
        start: int | None = 0
        while start is not None:
            start = use_next(journey, stop, start, used, dead)
    assert len(used) > 100 and dead == []
    assert "Internal Server Error" not in journey.demo.log.read_text()


def use_next(
    journey: Journey, stop: Stop, start: int, used: set[str], dead: list[str]
) -> int | None:
    """Use the page's next controls that are not known yet, until one of them does more than to
    change itself; return where to go on, if anywhere."""
    with journey.page(stop) as page:
        visit(stop, page)
        for number in range(start, mark_controls(page)):
            control = page.locator(f"[data-control='{number}']")
            what = kind(control)
            place = "" if what["shell"] else stop.name.partition("-")[0]
            key = json.dumps([place, what])
            if key in used or passes(what):
                continue
            used.add(key)
            if not use(page, control, what):
                dead.append(f"{stop}: {what}")
            if pressed(what):
                return number + 1
    return None


def pressed(what: dict[str, Any]) -> bool:
    return what["tag"] in PRESSED or what["type"] == "submit"


def passes(what: dict[str, Any]) -> bool:
    """Say whether there is nothing to be used: one choice alone, or a text that one only reads."""
    reading = what["tag"] not in (*PRESSED, "INPUT", "SELECT", "TEXTAREA")
    leaves = what["path"].endswith(
        "/logout/"
    )  # test_admin.py: it would end the session of the others
    return reading or leaves or what["choices"] < 2


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_the_page_is_of_use_without_javascript(journey: Journey, stop: Stop) -> None:
    with journey.page(stop, java_script_enabled=False) as page:
        assert visit(stop, page) == stop.status
        assert page.locator("h1").count() == 1
        idle = page.locator("button[type=button]:visible")
        assert [button.inner_text() for button in idle.all()] == []


def test_no_link_is_dead(journey: Journey) -> None:
    links: dict[str, str] = {}
    for stop in STOPS:
        with journey.page(stop) as page:
            visit(stop, page)
            for link in page.locator("a[href]").evaluate_all("all => all.map(a => a.href)"):
                links.setdefault(link.partition("#")[0], str(stop))
    rita = next(stop for stop in STOPS if stop.name == "dashboard")
    with journey.page(rita) as page:
        dead = {
            link: place
            for link, place in links.items()
            if link.startswith(journey.demo.url) and page.request.get(link).status >= 400
        }
    assert len(links) > 50 and dead == {}
