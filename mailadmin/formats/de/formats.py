"""Dates in German, such as 27. Nov. 2026; shell.js writes times in the same way."""

DATE_FORMAT = SHORT_DATE_FORMAT = "j. N Y"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j. N Y, H:i T"
