"""What the timer has found in one language, shown to a reader of another."""

import json
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy, override

from mailboxes import texts
from mailboxes.doctor.finding import Hop, HopResult, broken
from mailboxes.doctor.remedies import APPLY
from mailboxes.doctor.report import as_values, from_values
from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.texts import gettext, join, ngettext


def stored(seen: str, detail: str = "") -> list[HopResult]:
    """Store a finding as the timer does; return it in the reader's language."""
    results = [
        HopResult(Hop("drift", gettext_lazy("Database")), [broken("x", seen, APPLY, detail)])
    ]
    values = json.loads(json.dumps(as_values(results, texts.source)))
    return from_values(values)


def test_a_finding_is_in_the_language_of_its_reader() -> None:
    with override("de"):
        params = {"port": 25, "reply": "450 later"}
        seen = gettext("Port 25 defers all mail, because a lookup fails: %(reply)s") % params
        detail = join("\n", [gettext("Database"), "/etc/x"])
        assert seen.startswith("Port 25 stellt")
    for language, words in (
        ("en", ("Database", "defers all mail")),
        ("de", ("Datenbank", "stellt")),
    ):
        with override(language):
            (result,) = stored(seen, detail)
        (finding,) = result.findings
        assert str(result.hop.title) == words[0]
        assert words[1] in finding.seen and "450 later" in finding.seen
        assert finding.detail == f"{words[0]}\n/etc/x"
        assert ("again" in str(finding.remedy.advice)) == (language == "en")


def test_counts_dates_and_reasons_are_told_again_too() -> None:
    error = Refused("MAIL_TLS_CERT and MAIL_TLS_KEY belong together, but only one of them is set.")
    moment = datetime(2026, 11, 27, 12, tzinfo=UTC)
    with override("de"):
        count = ngettext("%(count)s line", "%(count)s lines", 2) % {"count": 2}
        parts = [count, texts.date(moment), error_message(error)]
        assert "Zeilen" in parts[0]
    with override("en"):
        (result,) = stored(join(" ", parts))
        expected = f"2 lines {texts.date(moment)} {error_message(error)}"
        assert result.findings[0].seen == expected
