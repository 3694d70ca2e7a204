"""What holds of every page: axe finds nothing, all is there without JavaScript, no link is dead."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Response

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
OF_COLOURS = RULES | {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
}
"""What may hold in light and not in dark; all else is asked in light alone."""


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_axe_finds_nothing_light_or_dark_on_a_desk_or_a_phone(journey: Journey, stop: Stop) -> None:
    with journey.page(stop) as page:
        assert visit(stop, page) == stop.status
        for width, height, scheme in MODES:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            rules = RULES if scheme == "light" else OF_COLOURS
            found = Axe().run(page, options=rules).response["violations"]
            told = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]
            assert told == [], f"{width} {scheme}"
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{stop} is {wide} wide on a screen of {width}"


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_the_page_is_of_use_without_javascript_and_no_link_is_dead(
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
    """Return what this link has in common with those of other rows."""
    return re.sub(r"[^/?=&]*(_40|@)[^/?=&]*|\d+|[\w-]+[.][\w.-]+", "*", link)


def test_a_list_weighs_little_and_its_parts_are_compressed_and_kept(journey: Journey) -> None:
    answers: list[Response] = []
    stop = next(stop for stop in STOPS if stop.name == "many-mailboxes")
    with journey.page(stop) as page:
        page.on("response", lambda answer: answers.append(answer))
        visit(stop, page)
        page.wait_for_load_state("networkidle")
        assert page.locator("#result_list tbody tr").count() == 50
        weights = {answer.url: weight(answer) for answer in answers}
        kept = [answer.url for answer in answers if "immutable" in answer.headers["cache-control"]]
        bare = [answer.url for answer in answers if "content-encoding" not in answer.headers]
    assert sum(weights.values()) < 120_000, weights
    assert set(weights) - set(kept) == {journey.panels["many"].url + stop.url}
    assert not [url for url in bare if weights[url] > 2_000 and not url.endswith(".woff2")]


def weight(answer: Response) -> int:
    """Return the octets that the answer took on its way."""
    sizes = answer.request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]
