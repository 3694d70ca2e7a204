"""What the code of the web process must never do, read from the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for top in ("mailadmin", "mailboxes") for path in (ROOT / top).rglob("*.py"))

RUNNING = {"subprocess", "pty", "multiprocessing", "popen", "system"}
RUNNING_IN_OS = ("exec", "fork", "popen", "posix_spawn", "spawn", "system")
HIDING = {"__import__", "eval", "exec", "import_module"}

SQL_METHODS = {"execute", "executemany", "executescript", "callproc", "extra", "raw"}
SQL_CLASSES = {"RawSQL", "RunSQL"}
CONSTANT_SQL = {
    # It inserts one of two words of its own.
    "mailboxes/migrations/0001_tables.py": "add_columns_of_postfixadmin_4",
    # It runs the statements of a table above it.
    "mailboxes/inspection/counts.py": "count",
    # It runs one of four constants.
    "mailboxes/origin.py": "first_column",
    # It runs constants, and adds a prefix of letters, digits and _ to the names of tables.
    "mailboxes/transfer/databases/source.py": "rows",
    # It runs constants of its callers, with each account of the daemons.
    "mailboxes/doctor/mysql_locks.py": "execute_once",
    # It runs constants, those with which the daemons read the tables.
    "mailboxes/doctor/views.py": "first_row",
    # It has the name of a table as the database lists and quotes it.
    "mailboxes/doctor/tables/empty_views.py": "count",
    # It runs one of two constants.
    "mailboxes/doctor/unwritable.py": "foreign_triggers",
    # It runs a constant.
    "mailboxes/doctor/tables/in_use.py": "may_anybody_send",
    "mailboxes/doctor/column_lengths.py": "statement_for",
    # It runs one of two constants.
    "mailboxes/health.py": "ask_all",
    # It has the names of a model's table and columns.
    "mailboxes/actions/updating.py": "update_varying",
    # It has the names of a model's table and columns, and values as the driver escapes them.
    "mailboxes/inserts.py": "send",
    # It runs constants that are put together for each kind of database.
    "mailboxes/lookup_tables/tables.py": "run",
    # They have the names of tables and columns that the panel's own migrations have created.
    "mailboxes/backup/snapshot.py": "rows",
    "mailboxes/backup/restore.py": "insert",
    # It runs one of the constants above it.
    "mailboxes/backup/schema.py": "is_used",
    # BaseCommand.execute, which has nothing to do with SQL.
    "mailboxes/management/base.py": "execute",
    "mailboxes/management/commands/backup.py": "execute",
    "mailboxes/management/commands/doctor.py": "execute",
}


ONLY_IN_COMMANDS = {
    # Passwords are hashed on all cores; no page imports it.
    "mailboxes/management/importing.py",
    # The doctor asks the daemons through their own programs.
    "mailboxes/management/processes.py",
}


def called(node: ast.Call) -> str:
    """Return the last name of what is called."""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def programs_run(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that start another program, or import what does, or hide an import."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                renamed = any(name.name == "os" and name.asname for name in names)
                found = renamed or any(set(name.name.split(".")) & RUNNING for name in names)
            case ast.ImportFrom(module=module, names=names):
                parts = {*(module or "").split("."), *(name.name for name in names)}
                in_os = module == "os" and any(name.startswith(RUNNING_IN_OS) for name in parts)
                found = in_os or bool(parts & RUNNING)
            case ast.Attribute(value=ast.Name(id="os" | "posix"), attr=name):
                found = name.startswith(RUNNING_IN_OS)
            case ast.Call():
                found = called(node) in HIDING
            case _:
                continue
        if found:
            yield node.lineno


def sql_built(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that pass anything but a literal as SQL; parameters may be anything."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or called(node) not in SQL_METHODS | SQL_CLASSES:
            continue
        keywords = {word.arg: word.value for word in node.keywords}
        statements = node.args[:1] or [keywords.get("sql") or keywords.get("raw_query") or node]
        if called(node) == "extra":
            statements = [*node.args, *keywords.values()]
        if not all(is_literal(statement) for statement in statements):
            yield node.lineno


def is_literal(node: ast.AST) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def without(tree: ast.AST, function: str) -> ast.AST:
    """Return the tree without the function of this name."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if getattr(each, "name", None) != function]  # type: ignore[attr-defined]
    return tree


@pytest.mark.finding("shell")
def test_no_subprocess_is_started_by_the_web_process() -> None:
    trees = {path: ast.parse(path.read_text()) for path in SOURCES}
    commands = {path for path in trees if str(path.relative_to(ROOT)) in ONLY_IN_COMMANDS}
    assert all(list(programs_run(trees.pop(path))) for path in commands)
    found = [f"{path}:{line}" for path, tree in trees.items() for line in programs_run(tree)]
    assert not found


@pytest.mark.finding("display-sql")
@pytest.mark.finding("hash-in-sql")
@pytest.mark.finding("string-built-sql")
@pytest.mark.finding("second-order-sql")
def test_no_sql_is_built_from_strings() -> None:
    found = []
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        function = CONSTANT_SQL.get(str(path.relative_to(ROOT)), "")
        assert not function or list(sql_built(tree)), f"{function} is no exception any more"
        found += [f"{path}:{line}" for line in sql_built(without(tree, function))]
    assert not found


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess",
        "from subprocess import run",
        "import asyncio.subprocess",
        "import os as machine",
        "from asyncio import subprocess",
        "from multiprocessing import Process",
        "os.system('ls')",
        "run = os.popen",
        "from os import execv",
        "os.posix_spawn('ls', [], {})",
        "os.fork()",
        "__import__('subprocess')",
        "importlib.import_module('sub' + 'process')",
        "eval('1')",
    ],
)
def test_a_subprocess_would_be_found(code: str) -> None:
    assert list(programs_run(ast.parse(code))) == [1]


@pytest.mark.parametrize("code", ["import os", "os.open(name)", "host.system", "re.compile('x')"])
def test_other_code_is_not_taken_for_a_subprocess(code: str) -> None:
    assert not list(programs_run(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "cursor.execute(f'SELECT {name}')",
        "cursor.execute('SELECT %s' % name)",
        "cursor.execute('SELECT {}'.format(name))",
        "cursor.execute('SELECT ' + name)",
        "cursor.execute(sql)",
        "cursor.execute(sql=f'SELECT {name}')",
        "cursor.execute(*both)",
        "cursor.executemany(sql, rows)",
        "Mailbox.objects.raw(sql)",
        "Mailbox.objects.raw(raw_query=sql)",
        "rows.extra(where=[f'x = {name}'])",
        "rows.annotate(x=RawSQL(f'SELECT {name}', []))",
        "expressions.RawSQL(sql, [])",
        "migrations.RunSQL(sql)",
    ],
)
def test_sql_built_from_strings_would_be_found(code: str) -> None:
    assert list(sql_built(ast.parse(code))) == [1]


@pytest.mark.parametrize(
    "code",
    [
        "cursor.execute('SELECT ' 'x WHERE y = %s', [name])",
        "Mailbox.objects.raw('SELECT 1', params=[name])",
        "RawSQL('SELECT %s', (name,))",
        "rows.extra(where=['x = 1'])",
    ],
)
def test_literal_sql_with_parameters_is_accepted(code: str) -> None:
    assert not list(sql_built(ast.parse(code)))


COMPOSERS = ("email.message", "email.utils")
"""They write messages, those with which the doctor tries the delivery."""


def mail_parsers(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that import what reads messages."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=imported):
                names = [name.name for name in imported]
            case ast.ImportFrom(module=module):
                names = [module or ""]
            case _:
                continue
        parsers = ("email", "mailbox", "mailparser")
        if any(name.split(".")[0] in parsers and name not in COMPOSERS for name in names):
            yield node.lineno


@pytest.mark.finding("cyclic-mime")
def test_no_code_reads_messages() -> None:
    found = {path: list(mail_parsers(ast.parse(path.read_text()))) for path in SOURCES}
    assert {path: lines for path, lines in found.items() if lines} == {} and len(found) > 400


@pytest.mark.finding("cyclic-mime")
def test_code_that_reads_messages_would_be_found() -> None:
    for code in ("import email.parser", "from email import message_from_bytes", "import mailbox"):
        assert list(mail_parsers(ast.parse(code))) == [1]
    assert list(mail_parsers(ast.parse("from mailboxes import actions"))) == []
