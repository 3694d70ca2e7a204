"""700 people with old hashes, imported from a spreadsheet's file in a few clicks."""

import time

import pytest

from tests.browser.conftest import Journey
from tests.browser.pages import IMPORT, Stop
from tests.hashes import CRAM

pytestmark = pytest.mark.browser
HEADER = "Nachname, Vorname;E-Mail-Adresse;Passwort;Kontingent (MB);aktiv\r\n"
LINES = [
    f'"Müller-{number}, Anna";p{number}@example.net;{{CRAM-MD5}}{CRAM};500;ja\r\n'
    for number in range(700)
]
SECONDS = 120


@pytest.mark.parametrize("with_scripts", [True, False])
def test_700_people_are_imported_from_a_spreadsheet_in_two_minutes(
    journey: Journey, with_scripts: bool
) -> None:
    stop = Stop("import", "/admin/", panel="many")
    content = "".join([HEADER, *LINES]).encode("cp1252")
    begun = time.monotonic()
    with journey.page(stop, java_script_enabled=with_scripts) as page:
        page.goto(stop.url)
        page.get_by_role("link", name="Import and export").click()
        file = {"name": "staff.csv", "mimeType": "text/csv", "buffer": content}
        page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        page.get_by_label("Add missing domains").check()
        page.get_by_role("button", name="Check the file").click()
        if with_scripts:
            assert page.locator(".totals li").first.inner_text().split() == ["701", "to", "add"]
        page.get_by_role("button", name="Import", exact=True).click()
        if not with_scripts:
            page.get_by_role("button", name="Continue").click()
        page.get_by_role("heading", name="Imported").wait_for()
        assert page.locator(".totals li").first.inner_text().split()[1] == "added"
        page.get_by_role("button", name="Undo the import").click()
        page.get_by_role("button", name="Undo the import").click()
        for _ in range(0 if with_scripts else 3):
            page.get_by_role("button", name="Continue").click()
        page.get_by_text("The import was undone: 701 rows.").wait_for(timeout=60_000)
        assert page.url.endswith(IMPORT)
    assert time.monotonic() - begun < SECONDS
