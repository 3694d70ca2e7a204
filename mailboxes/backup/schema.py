"""Bringing the tables of a database to the state in which a backup was made, and forward again."""

from django.core.management import call_command
from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from mailboxes.backup.archive import Migrations
from mailboxes.backup.tables import applied, own_models, recorded

USED = {
    "auth_user": "SELECT 1 FROM auth_user WHERE last_login IS NOT NULL LIMIT 1",
    "audit_entry": "SELECT 1 FROM audit_entry WHERE action NOT IN "
    "('administrator.create', 'administrator.failed-sign-in', 'panel.backup', 'panel.restore') "
    "LIMIT 1",
    "domain": "SELECT 1 FROM domain LIMIT 1",
    "mailbox": "SELECT 1 FROM mailbox LIMIT 1",
    "alias": "SELECT 1 FROM alias LIMIT 1",
    "alias_domain": "SELECT 1 FROM alias_domain LIMIT 1",
}
"""What finds something in a database that deploy/run --setup hasn't put there."""


def is_used(alias: str) -> bool:
    """Say whether there is anything in a database that a restore would replace."""
    with connections[alias].cursor() as cursor:
        for table in set(connections[alias].introspection.table_names(cursor)) & USED.keys():
            cursor.execute(USED[table])
            if cursor.fetchone():
                return True
    return False


def rebuild(alias: str, wanted: Migrations) -> None:
    """Create the tables as these migrations do, in place of those that are there.

    The tables of apps that an older version had stay as they are, for the way back to it.
    """
    others = recorded(alias)[1]
    drop(alias)
    executor = MigrationExecutor(connections[alias])
    nodes = executor.loader.graph.node_map
    names = set(wanted)
    executor.migrate(
        [node for node in wanted if not any(child.key in names for child in nodes[node].children)]
    )
    for app, name in others:
        executor.recorder.record_applied(app, name)


def drop(alias: str) -> None:
    connection = connections[alias]
    present = set(connection.introspection.table_names())
    models = [
        model
        for model in own_models(alias, applied(alias))
        if model._meta.db_table in present and not model._meta.auto_created
    ]
    with connection.constraint_checks_disabled(), connection.schema_editor() as editor:
        for model in models:
            editor.delete_model(model)
        if "django_migrations" in present:
            editor.delete_model(MigrationRecorder.Migration)


def migrate(alias: str) -> None:
    """Go on from there to the state of this version."""
    call_command("migrate", database=alias, verbosity=0, interactive=False)


def empty(alias: str, migrations: Migrations) -> None:
    """Delete all rows, in the caller's transaction."""
    with transaction.atomic(using=alias):
        for model in own_models(alias, migrations):
            model._base_manager.using(alias).all()._raw_delete(alias)
