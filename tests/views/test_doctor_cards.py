"""The cards of the doctor's page: what is seen at once, and rows without an empty place."""

from hypothesis import given
from hypothesis import strategies as st

from mailboxes.doctor.finding import Finding, Hop, HopResult, broken, not_checked, warning, working
from mailboxes.doctor.remedies import APPLY, REPAIR_BEFORE
from mailboxes.views.doctor_cards import Card, cards

HOP = Hop("hop", "Hop")
FINE = working("fine", "Fine.")
UNSEEN = not_checked("unseen", "Not seen.", remedy=REPAIR_BEFORE)
SHORT = broken("short", "Broken.", REPAIR_BEFORE)
LONG = broken("long", "Broken.", APPLY)


def card(*findings: Finding) -> Card:
    return next(cards([HopResult(HOP, findings)]))


def test_only_the_first_of_what_works_is_shown() -> None:
    fine = [working(f"fine{number}", "Fine.") for number in range(4)]
    found = card(*fine, UNSEEN)
    assert found.shown == [*fine[:2], UNSEEN] and found.folded == fine[2:]


def test_what_needs_attention_is_shown_and_the_rest_folded() -> None:
    warned = warning("warned", "Soon.")
    found = card(FINE, SHORT, UNSEEN, warned)
    assert found.shown == [SHORT, warned] and found.folded == [FINE, UNSEEN]


def test_what_several_findings_need_is_said_once_after_the_last() -> None:
    found = card(SHORT, SHORT, LONG)
    advice = [str(each.remedy.advice) for each in found.shown]
    assert advice == ["", str(REPAIR_BEFORE.advice), str(APPLY.advice)]


def test_what_was_not_checked_says_once_on_the_page_where_it_can_be() -> None:
    found = cards(HopResult(HOP, [each]) for each in (UNSEEN, UNSEEN, SHORT))
    assert [bool(each.shown[0].remedy.command) for each in found] == [True, False, True]


def test_a_long_command_detail_or_text_needs_a_wide_card() -> None:
    assert not card(FINE).is_wide and not card(SHORT).is_wide and card(LONG).is_wide
    assert card(warning("detail", "Differs.", detail="+" * 51)).is_wide
    assert not card(warning("detail", "Differs.", detail="+" * 50)).is_wide
    assert card(warning("text", "Much is to be said. " * 15)).is_wide


@given(st.lists(st.sampled_from([FINE, LONG]), min_size=1))
def test_no_place_stays_empty_before_the_end(findings: list[Finding]) -> None:
    found = [*cards(HopResult(HOP, [each]) for each in findings)]
    place = 0
    for each, following in zip(found, [*found[1:], None], strict=True):
        fills = each.is_first and following is not None and following.is_wide
        assert not each.is_wide or place % 2 == 0
        place += 2 if each.is_wide or fills else 1
