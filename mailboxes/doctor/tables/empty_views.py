"""Views in the place of tables that hide all of their rows, as no panel would make them."""

from collections.abc import Iterator

from django.db import connections

from mailboxes.conf import MailHost
from mailboxes.doctor import views
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, not_checked
from mailboxes.doctor.remedies import Remedy, on_database
from mailboxes.inspection import rights
from mailboxes.inspection.definitions import FIELDS
from mailboxes.inspection.products import read_columns
from mailboxes.texts import gettext as _

HIDDEN = "tables.rows"
"""The code of what ends this hop."""

MODELS = {model._meta.db_table: model for model in rights.MODELS}


def examine(examination: Examination, deadline: float) -> Iterator[Finding]:
    """Name such views. Then, what other parts say is wrong, such as to delete aliases."""
    found = list(empty_views(examination.host))
    yield from found
    if found:
        reason = _("The rows of the tables weren't checked, since a view hides some of them.")
        yield not_checked(HIDDEN, reason)


def empty_views(host: MailHost) -> Iterator[Finding]:
    connection = connections["mail"]
    with connection.cursor() as cursor:
        listed = connection.introspection.get_table_list(cursor)
    found = {each.name for each in listed if each.type == "v"}.intersection(MODELS)
    empty = [
        name for name in MODELS if name in found and not MODELS[name]._default_manager.exists()
    ]
    others = [name for name in MODELS if name not in empty]
    for name in empty:
        if below := hidden_table(name, [each.name for each in listed if each.type == "t"]):
            yield instead_of(host, name, *below)
        elif name != "alias_domain" and any(
            MODELS[other]._default_manager.exists() for other in others
        ):
            yield without_condition(host, name)


def hidden_table(view: str, tables: list[str]) -> tuple[str, int] | None:
    """Return the table that seems to have been renamed to make room for a view, and its number of
    rows, if it has any.
    """
    here = read_columns(connections["mail"])
    wanted = {column for table, column in FIELDS if table == view}
    alike = [name for name in tables if name not in MODELS and wanted <= here.get(name, set())]
    return next(((name, number) for name in alike if (number := count(name))), None)


def count(table: str) -> int:
    name = connections["mail"].ops.quote_name(table)
    with connections["mail"].cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {name}")  # noqa: S608 # nosec B608
        return int(cursor.fetchone()[0])


def instead_of(host: MailHost, view: str, table: str, number: int) -> Finding:
    seen = _(
        "%(view)s is a view that has no rows, so nobody can sign in, and mail is refused. The "
        "table %(table)s, which has the same columns, has %(count)s."
    )
    params = {"view": view, "table": table, "count": number}
    advice = _(
        "If %(table)s is the table, replace the view by it. Otherwise, correct the view's "
        "condition. On the database host, run:"
    )
    statements = (f"DROP VIEW {view}", f"ALTER TABLE `{table}` RENAME TO {view}")
    remedy = on_database(host.database, *statements)._replace(advice=advice % params)
    return broken("tables.view", seen % params, remedy)


def without_condition(host: MailHost, view: str) -> Finding:
    seen = _(
        "%(view)s is a view that has no rows, although other tables have some, so nobody can sign "
        "in, and mail is refused."
    )
    if host.database.engine == "sqlite":
        remedy = Remedy(_("Correct the view's condition."))
        return broken("tables.view", seen % {"view": view}, remedy)
    return broken("tables.view", seen % {"view": view}, views.without_condition(host, view))
