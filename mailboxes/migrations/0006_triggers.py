from django.db import migrations

from mailboxes.lookup_tables import tables


def create_triggers(apps, schema_editor):
    """Create the triggers as this version of the panel has them, and fill the tables.

    A later version that changes them moves this into a migration of its own.
    """
    tables.create(schema_editor.connection)


def drop_triggers(apps, schema_editor):
    tables.drop(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("mailboxes", "0005_activity"),
    ]

    operations = [
        # atomic=False: MySQL commits implicitly at each trigger.
        migrations.RunPython(create_triggers, drop_triggers, atomic=False),
    ]
