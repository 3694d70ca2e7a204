"""The icons: symbols of static/mailadmin/icons.svg, taken from Lucide."""

from functools import cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString


@cache
def icon(name: str, tone: str = "") -> SafeString:
    """Return the icon as decoration; the text beside it says what it means."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {tone}" if tone else "",
        static("mailadmin/icons.svg"),
        name,
    )
