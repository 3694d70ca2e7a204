"""Carry the entries of the stock admin's log over, once; nothing writes there any more."""

import json

from django.conf import settings
from django.db import migrations

from mailboxes.audit import chain

MODELS = {"user": "administrator"}
VERBS = {1: "create", 2: "change", 3: "delete"}


def carry_over(apps, schema_editor):
    Entry, Subject, Head = (apps.get_model("audit", name) for name in ("Entry", "Subject", "Head"))
    old = apps.get_model("admin", "LogEntry").objects.select_related("user", "content_type")
    if schema_editor.connection.alias != "default" or not old.exists():
        return
    head, _created = Head.objects.get_or_create(pk=1)
    key = chain.derive_key(settings.SECRET_KEY)
    for row in old.order_by("pk").iterator():
        model = row.content_type.model if row.content_type else "file"
        model = MODELS.get(model, model)
        subject = Subject(model=model, name=row.object_repr[:255], changes=changes(row))
        head.seq += 1
        entry = Entry(
            seq=head.seq,
            at=row.action_time,
            phase="change",
            action=f"{model}.{VERBS.get(row.action_flag, 'change')}",
            actor_kind="administrator",
            actor=row.user.username[:255],
            text="" if subject.changes else row.change_message,
            digest=chain.subjects_digest([subject]),
        )
        entry.mac = head.mac = chain.seal(key, head.mac, entry)
        entry.save(force_insert=True)
        subject.entry = entry
        subject.save()
    head.save()


def changes(row):
    """Return the values that the old log had by label."""
    try:
        parts = json.loads(row.change_message)
    except ValueError:
        return {}
    found = {}
    for part in parts if isinstance(parts, list) else []:
        found |= part.get("values", {})
    return found


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]
