"""Texts of Django's own whose German translation is replaced in this project's catalogue."""

from django.utils.translation import gettext_noop

REPLACED = (
    gettext_noop("This field is required."),
    gettext_noop("You may edit it again below."),
    gettext_noop("The {name} “{obj}” was added successfully. You may add another {name} below."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may edit it again below."),
)
"""makemessages collects them here, since the catalogue holds only texts of the sources."""
