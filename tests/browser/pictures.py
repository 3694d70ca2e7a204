"""Pictures of every page, for whoever changes one to look at. By one command:

    ./deploy/test -n 0 tests/browser/pictures.py

They land in var/pictures, at 1280 and 390 pixels, light and dark; `-k mailboxes` takes those of
some pages.
"""

import pytest

from tests.browser.conftest import ROOT, Journey
from tests.browser.pages import MODES, STOPS, Stop, visit

pytestmark = pytest.mark.browser
FOLDER = ROOT / "var" / "pictures"


@pytest.mark.parametrize("stop", STOPS, ids=str)
def test_a_picture_is_taken(journey: Journey, stop: Stop) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with journey.page(stop) as page:
        visit(stop, page)
        page.evaluate("document.fonts.ready")
        for width, height, scheme in MODES:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=FOLDER / f"{stop}-{width}-{scheme}.png", full_page=width < 1280)
