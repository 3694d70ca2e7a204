"""Which database a table lives in: the mail tables in `mail`, all others in `default`."""

from typing import Any

from django.db.models import Model

MAIL_APP = "mailboxes"


class MailRouter:
    """Keep the tables that the mail daemons read apart from the panel's own."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return "mail" if model._meta.app_label == MAIL_APP else "default"

    db_for_write = db_for_read

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool:
        return (first._meta.app_label == MAIL_APP) == (second._meta.app_label == MAIL_APP)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (app_label == MAIL_APP) == (db == "mail")
