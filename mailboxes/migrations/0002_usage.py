from django.db import migrations, models

import mailboxes.fields


class CreateMissingModel(migrations.CreateModel):
    """Create the table, unless PostfixAdmin or Dovecot's own instructions have already done so.

    An existing table is left unchanged. Migrating backwards drops neither: the rows may not be
    the panel's own.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table
        if table not in schema_editor.connection.introspection.table_names(include_views=True):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        pass


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0001_tables")]

    operations = [
        CreateMissingModel(
            name="Usage",
            fields=[
                (
                    "username",
                    mailboxes.fields.AddressField(
                        max_length=255, primary_key=True, serialize=False, verbose_name="address"
                    ),
                ),
                (
                    "bytes",
                    models.BigIntegerField(db_default=0, default=0, verbose_name="bytes"),
                ),
                (
                    "messages",
                    models.IntegerField(db_default=0, default=0, verbose_name="messages"),
                ),
            ],
            options={
                "verbose_name": "usage",
                "verbose_name_plural": "usage",
                "db_table": "quota2",
                "default_permissions": (),
            },
        ),
        CreateMissingModel(
            name="LastLogin",
            fields=[
                (
                    "username",
                    mailboxes.fields.AddressField(
                        max_length=255, primary_key=True, serialize=False, verbose_name="address"
                    ),
                ),
                (
                    "domain",
                    mailboxes.fields.AddressField(
                        db_default="", default="", max_length=255, verbose_name="domain"
                    ),
                ),
                (
                    "last_login",
                    models.BigIntegerField(db_default=0, default=0, verbose_name="last sign-in"),
                ),
            ],
            options={
                "verbose_name": "last sign-in",
                "verbose_name_plural": "last sign-ins",
                "db_table": "last_login",
                "default_permissions": (),
            },
        ),
    ]
