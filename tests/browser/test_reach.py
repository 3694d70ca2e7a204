"""Every control of every page is reached by Tab, and the focus is visible."""

import pytest

from tests.browser.conftest import Journey
from tests.browser.pages import STOPS, Stop, mark_controls, visit

pytestmark = pytest.mark.browser
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
def test_tab_reaches_every_control_and_shows_the_focus(journey: Journey, stop: Stop) -> None:
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
            assert focus["marked"], f"the focus is not visible on {focus['html']}"
            assert not focus["covered"], f"something covers {focus['html']}"
        missed = [
            page.locator(f"[data-control='{number}']").evaluate("e => e.outerHTML.slice(0, 160)")
            for number in sorted(set(range(count)) - reached)
        ]
        assert count > 0 and missed == []
