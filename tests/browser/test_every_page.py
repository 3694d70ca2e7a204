"""On every page, axe finds no violations, JavaScript is optional, and no link is dead."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response

from tests.browser.conftest import Journey
from tests.browser.pages import MODES, STOPS, Stop, visit

pytestmark = pytest.mark.browser
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
COLOUR_RULES = RULES | {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
}
"""The rules that can differ in dark mode; the others are only checked in light mode."""

ROWS = """[...document.querySelectorAll("#result_list tbody tr")].map(
    row => row.getBoundingClientRect().top + scrollY)"""
"""Where a list's rows begin: twelve of 48 pixels fit below on a laptop's screen."""
CUT = """() => {
    const canvas = document.createElement("canvas").getContext("2d");
    const cut = [];
    for (const select of document.querySelectorAll("select")) {
        if (!select.checkVisibility()) continue;
        const style = getComputedStyle(select);
        canvas.font = style.font;
        const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
        for (const {text} of select.options) {
            const wide = canvas.measureText(text).width + padding + ARROW;
            if (wide > select.clientWidth) cut.push(text);
        }
    }
    return cut;
}""".replace("ARROW", "18")
"""The choices that are wider than their menus."""


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_axe_finds_no_violations_in_any_theme_or_size(journey: Journey, stop: Stop) -> None:
    with journey.page(stop) as page:
        assert visit(stop, page) == stop.status
        for width, height, scheme in MODES:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            rules = RULES if scheme == "light" else COLOUR_RULES
            found = Axe().run(page, options=rules).response["violations"]
            violations = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]
            assert violations == [], f"{width} {scheme}"
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{stop} is {wide} wide on a screen of {width}"
            assert page.evaluate(CUT) == []
            rows = page.evaluate(ROWS)
            assert max(rows[:1], default=0) <= (180 if width == 1280 else 235)
            if width == 1280 and stop.panel == "many" and len(rows) > 12:
                assert rows[12] <= height, "twelve rows don't fit"
        if rows or page.locator("select:visible").count():
            look_in_german(page, stop)


def look_in_german(page: Page, stop: Stop) -> None:
    """Longer words take more room, but not more lines, and no menu cuts them off."""
    page.set_extra_http_headers({"accept-language": "de"})
    for width, height, _scheme in MODES[::2]:
        page.set_viewport_size({"width": width, "height": height})
        page.goto(stop.url)
        page.locator("html[lang=de]").wait_for()
        page.evaluate("document.fonts.ready")
        assert page.evaluate(CUT) == []
        rows = page.evaluate(ROWS)
        assert max(rows[:1], default=0) <= (180 if width == 1280 else 235)
        if width == 1280 and stop.panel == "many" and len(rows) > 12:
            assert rows[12] <= height, "twelve rows don't fit in German"
        if width == 1280 and stop.name == "mailbox":
            head = page.evaluate("document.querySelector('.page-head').offsetHeight")
            assert head < 60, "the buttons don't fit beside the address in German"


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_every_page_works_without_javascript_and_has_no_dead_links(
    journey: Journey, stop: Stop
) -> None:
    with journey.page(stop, java_script_enabled=False) as page:
        assert visit(stop, page) == stop.status
        assert page.locator("h1").count() == 1
        idle = page.locator("button[type=button]:visible")
        assert [button.inner_text() for button in idle.all()] == []
        links = map(unescape, re.findall(r'<a [^>]*?href="([^"#]+)', page.content()))
        new = {
            kind(link): urljoin(page.url, link) for link in links if kind(link) not in journey.alive
        }
        dead = {link for link in new.values() if page.request.get(link).status >= 400}
        assert dead <= {page.url}
        journey.alive |= set(new)


def kind(link: str) -> str:
    """Return the link without the parts that differ between rows."""
    return re.sub(r"[^/?=&]*(_40|@)[^/?=&]*|\d+|[\w-]+[.][\w.-]+", "*", link)


def test_a_list_is_small_and_its_assets_are_compressed_and_cached(journey: Journey) -> None:
    answers: list[Response] = []
    stop = next(stop for stop in STOPS if stop.name == "many-mailboxes")
    with journey.page(stop) as page:
        page.on("response", lambda answer: answers.append(answer))
        visit(stop, page)
        page.wait_for_load_state("networkidle")
        assert page.locator("#result_list tbody tr").count() == 50
        weights = {answer.url: weight(answer) for answer in answers}
        immutable = [
            answer.url for answer in answers if "immutable" in answer.headers["cache-control"]
        ]
        bare = [answer.url for answer in answers if "content-encoding" not in answer.headers]
    assert sum(weights.values()) < 120_000, weights
    assert set(weights) - set(immutable) == {journey.panels["many"].url + stop.url}
    assert not [url for url in bare if weights[url] > 2_000 and not url.endswith(".woff2")]


def weight(answer: Response) -> int:
    """Return the size of the response on the wire, in bytes."""
    sizes = answer.request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]
