"""Pictures of numbers are stretched to their highest value, and have their numbers as a table."""

from datetime import date

from mailboxes import charts
from mailboxes.charts import HEIGHT, Series

DAYS = [date(2026, 11, day) for day in (1, 2, 3)]


def test_columns_stand_on_each_other_up_to_the_highest_sum() -> None:
    series = [Series("Sign-ins", [6, None, 0]), Series("Refused", [2, 4, 0], "bad")]
    chart = charts.columns("Title", DAYS, series)
    shown = [(bar.x, bar.y, bar.height, bar.tone) for bar in chart.bars]
    assert shown == [(0, 25, 75, "a"), (0, 0, 25, "bad"), (10, 50, 50, "bad")]
    assert chart.bars[1].title == "1 Nov 2026: Refused 2" and chart.highest == "8"
    assert chart.rows == [
        ("3 Nov 2026", ["0", "0"]),
        ("2 Nov 2026", ["-", "4"]),
        ("1 Nov 2026", ["6", "2"]),
    ]


def test_a_line_leaves_out_days_on_which_nothing_was_counted() -> None:
    chart = charts.line("Title", DAYS, Series("Mailboxes", [None, 5, 10]))
    assert (
        chart.line == "10,54.0 20,8.0" and chart.area == f"10,{HEIGHT} 10,54.0 20,8.0 20,{HEIGHT}"
    )
    assert (chart.width, chart.latest, len(chart.rows)) == (20, "10", 2)
    assert charts.line("Title", DAYS[:1], Series("x", [3])).line == "0,8.0 7,8.0"
    last = charts.line("Title", DAYS, Series("x", [None, None, 3]))
    assert (last.line, last.width) == ("13,8.0 20,8.0", 20)  # not beyond the picture
    assert charts.line("Title", DAYS, Series("x", [None] * 3)).line == ""


def test_parts_fill_the_whole_bar_and_bars_are_compared_with_the_largest() -> None:
    parts = charts.stacked([("a", 3, "good", ""), ("b", 1, "bad", "")])
    assert [(part.start, part.share) for part in parts] == [(0, 75), (75, 25)]
    assert [part.share for part in charts.compared([("a", 4, ""), ("b", 1, "")], str)] == [100, 25]
    assert charts.stacked([]) == charts.compared([], str) == []
