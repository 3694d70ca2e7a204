"""What may help if Dovecot fails, and its log doesn't say why."""

from dataclasses import replace
from pathlib import Path

from django.db import DatabaseError

from mailboxes.doctor import dovecot_settings
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.installed_files import by_place
from mailboxes.doctor.remedies import Remedy
from mailboxes.errors import Refused
from mailboxes.export.render import render_bundle
from mailboxes.sending import is_known


def remedy(examination: Examination) -> Remedy:
    as_exported = is_as_exported(examination)
    return dovecot_settings.remedy(examination.dovecot_changes, is_as_exported=as_exported)


def is_as_exported(examination: Examination) -> bool:
    """Say whether Dovecot's files are those that would be exported now."""
    if not examination.access.sees_all:
        return False
    try:
        host = replace(examination.host, has_smtp_active=is_known())
        files = by_place(render_bundle(host), dovecot_settings.is_kept())
    except (Refused, DatabaseError):
        return False
    ours = {path: file.text for path, file in files.items() if path.startswith("/etc/dovecot/")}
    return all(text_of(path) == text for path, text in ours.items())


def text_of(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
