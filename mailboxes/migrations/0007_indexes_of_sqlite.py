from django.db import migrations, models

KEYS = {"mailbox": "username", "alias": "address"}


def widen(apps, schema_editor):
    """Let SQLite read the rows of a domain in order, as MariaDB does with an index of the domain,
    to which it adds the primary key. Without it, all rows of a domain are sorted for each page.

    If a later migration makes one of these tables anew, it has to do this again.
    """
    replace(apps, schema_editor, {table: ["domain", key] for table, key in KEYS.items()})


def narrow(apps, schema_editor):
    replace(apps, schema_editor, {table: ["domain"] for table in KEYS})


def replace(apps, schema_editor, columns):
    if schema_editor.connection.vendor == "sqlite":
        for table, names in columns.items():
            model = apps.get_model("mailboxes", table)
            index = models.Index(fields=names, name=f"{table}_domain_key")
            schema_editor.remove_index(model, index)
            schema_editor.add_index(model, index)


class Migration(migrations.Migration):
    dependencies = [
        ("mailboxes", "0006_triggers"),
    ]

    operations = [
        migrations.RunPython(widen, narrow),
    ]
