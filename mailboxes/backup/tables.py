"""Which tables a backup contains, as the migrations that were applied have created them."""

from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from mailboxes.backup.archive import Migrations
from mailboxes.errors import Refused
from mailboxes.lookup_tables import tables as lookup_tables

EMPTIED = {"django_session", "throttle_counter"}
"""Sessions and attempts of the last minutes; they are empty after a restore."""

LEFT_OUT = EMPTIED | {model._meta.db_table for model in lookup_tables.TABLES}
"""With those that are filled from the mail tables."""


class UnknownMigrations(Refused):
    """A newer version of the panel has created the tables."""


def applied(alias: str) -> Migrations:
    return recorded(alias)[0]


def recorded(alias: str) -> tuple[Migrations, Migrations]:
    """Return the migrations of this version's apps, and those of apps that it no longer has."""
    found = sorted(MigrationRecorder(connections[alias]).applied_migrations())
    apps = MigrationLoader(None).migrated_apps
    own = [node for node in found if node[0] in apps]
    return own, [node for node in found if node[0] not in apps]


def is_current(alias: str) -> bool:
    """Say whether all migrations of this version have been applied."""
    executor = MigrationExecutor(connections[alias])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def own_models(alias: str, migrations: Migrations) -> list[type[Model]]:
    """Return the models whose tables these migrations have created in a database."""
    loader = MigrationLoader(None)
    check_known(loader, migrations)
    models = loader.project_state(migrations).apps.get_models(include_auto_created=True)
    return [
        model
        for model in models
        if model._meta.managed
        and not model._meta.proxy
        and router.allow_migrate_model(alias, model)
    ]


def check_known(loader: MigrationLoader, migrations: Migrations) -> None:
    for app, name in migrations:
        if (app, name) not in loader.graph.nodes:
            raise UnknownMigrations(
                "The tables were created by a newer version of mailadmin (%(app)s.%(name)s). "
                "Upgrade this one, then try again.",
                {"app": app, "name": name},
            )


def columns_of(alias: str, table: str) -> list[str]:
    """Return the columns that have values of their own, not those that are generated."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute(
                "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
                " AND TABLE_NAME = %s AND COALESCE(GENERATION_EXPRESSION, '') = ''"
                " ORDER BY ORDINAL_POSITION",
                [table],
            )
        else:
            cursor.execute("SELECT name FROM pragma_table_xinfo(%s) WHERE hidden = 0", [table])
        return [name for (name,) in cursor.fetchall()]
