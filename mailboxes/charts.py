"""Small pictures of numbers as inline SVG, which work without scripts and styles of their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from django.utils.formats import date_format
from django.utils.functional import Promise

from mailboxes.formats import number

HEIGHT, STEP, WIDTH = 100, 10, 7
"""The height of a picture, from one day to the next, and the width of a day's column, in the
picture's own units; the page stretches it."""

Text = str | Promise


@dataclass(frozen=True)
class Series:
    """The values of some days; None where nothing was counted."""

    label: Text
    values: Sequence[int | None]
    tone: str = "a"


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture, what is written beside it, and its numbers as a table."""

    title: Text
    latest: str
    width: int
    first_day: str
    last_day: str
    bars: list[Bar] = field(default_factory=list)
    line: str = ""
    """The points of a line, if it is one."""

    area: str = ""
    highest: str = ""
    series: Sequence[Series] = ()
    rows: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def has_legend(self) -> bool:
        return len(self.series) > 1


def day_text(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def columns(title: Text, days: Sequence[date], series: Sequence[Series]) -> Chart:
    """Return a picture with a column for each day, in which the series stand on each other."""
    sums = [sum(one.values[place] or 0 for one in series) for place in range(len(days))]
    highest = max(sums, default=0)
    bars = []
    for place, day in enumerate(days):
        top = float(HEIGHT)
        for one in series:
            if value := one.values[place] or 0:
                height = round(max(value * HEIGHT / highest, 1), 2)
                top -= height
                text = f"{day_text(day)}: {one.label} {number(value)}"
                bars.append(Bar(place * STEP, round(max(top, 0), 2), WIDTH, height, one.tone, text))
    chart = framed(title, days, series, number)
    chart.bars.extend(bars)
    return chart


def line(
    title: Text, days: Sequence[date], one: Series, write: Callable[[int], str] = number
) -> Chart:
    """Return a picture of how a number went up and down; it begins at zero."""
    known = [(place, value) for place, value in enumerate(one.values) if value is not None]
    highest = max((value for _place, value in known), default=0) or 1
    width = max((len(days) - 1) * STEP, WIDTH)
    points = [f"{place * STEP},{round(HEIGHT - value * 92 / highest, 2)}" for place, value in known]
    if len(points) == 1:  # a line needs two ends, within the picture
        start, height = min(known[0][0] * STEP, width - WIDTH), points[0].partition(",")[2]
        points = [f"{start},{height}", f"{start + WIDTH},{height}"]
    chart = framed(title, days, [one], write)
    ends = (points[0].partition(",")[0], points[-1].partition(",")[0]) if points else ("0", "0")
    area = f"{ends[0]},{HEIGHT} {' '.join(points)} {ends[1]},{HEIGHT}" if points else ""
    return replace(chart, line=" ".join(points), area=area, width=width)


def framed(
    title: Text, days: Sequence[date], series: Sequence[Series], write: Callable[[int], str]
) -> Chart:
    """Return what all pictures of some days have, with the days of the table from the last on."""
    rows = [
        (day_text(day), ["-" if one.values[place] is None else write(one.values[place] or 0)
                         for one in series])
        for place, day in enumerate(days)
        if any(one.values[place] is not None for one in series)
    ]  # fmt: skip
    known = [value for value in series[0].values if value is not None]
    sums = [sum(one.values[place] or 0 for one in series) for place in range(len(days))]
    return Chart(
        title,
        write(known[-1]) if known else "",
        max(len(days) * STEP - STEP + WIDTH, WIDTH),
        day_text(days[0]) if days else "",
        day_text(days[-1]) if days else "",
        highest=write(max(sums, default=0)),
        series=series,
        rows=rows[::-1],
    )


@dataclass(frozen=True)
class Part:
    """A part of a whole, or one of several things compared: as a bar, and in words."""

    label: str
    text: str
    share: float
    """Its length, as a percentage."""

    start: float = 0
    """Where it begins, if it is part of a bar."""

    tone: str = "a"
    note: Text = ""
    url: str = ""


def stacked(parts: Sequence[tuple[str, int, str, Text]]) -> list[Part]:
    """Return the parts of one bar: each with its label, number, tone and a note."""
    whole = sum(value for _label, value, _tone, _note in parts) or 1
    found, start = [], 0.0
    for label, value, tone, note in parts:
        share = value * 100 / whole
        found.append(Part(label, number(value), round(share, 2), round(start, 2), tone, note))
        start += share
    return found


def compared(values: Sequence[tuple[str, int, str]], write: Callable[[int], str]) -> list[Part]:
    """Return a bar for each value, the longest for the largest: each with label and link."""
    largest = max((value for _label, value, _url in values), default=0) or 1
    return [
        Part(label, write(value), round(value * 100 / largest, 2), url=url)
        for label, value, url in values
    ]
