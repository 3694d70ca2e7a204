"""Screenshots of every page, for review after a change. Take them with:

    ./deploy/test -n 0 tests/browser/pictures.py

They are saved in var/pictures, 1280 and 390 pixels wide, light and dark; `-k mailboxes` only takes
some of them.
"""

import pytest

from tests.browser.conftest import ROOT, Journey
from tests.browser.pages import MODES, STOPS, Stop, visit

pytestmark = pytest.mark.browser
FOLDER = ROOT / "var" / "pictures"


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_a_screenshot_is_taken(journey: Journey, stop: Stop) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with journey.page(stop) as page:
        visit(stop, page)
        page.evaluate("document.fonts.ready")
        for width, height, scheme in MODES:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=FOLDER / f"{stop}-{width}-{scheme}.png", full_page=width < 1280)
