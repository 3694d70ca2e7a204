"""SQL for undeliverable.cf, which follows an address through the tables as Postfix does."""

from collections.abc import Callable

from django.db import DatabaseError

from mailboxes.collations import collations
from mailboxes.conf import MailHost

SPLIT = {
    "mysql": """JSON_TABLE(CONCAT('[', REPLACE(JSON_QUOTE(goto), ',', '","'), ']'), '$[*]'
        COLUMNS (value VARCHAR(255) PATH '$')) AS target""",
    "sqlite": """JSON_EACH('[' || REPLACE(JSON_QUOTE(goto), ',', '","') || ']') AS target""",
}
"""A table of the targets in `goto`."""

Conversion = Callable[[str, str], str]


def expressions(host: MailHost, key: str, to: Conversion) -> dict[str, object]:
    """Return what the template needs; `key` is what Postfix looks up, an address or a domain."""
    target, address = "TRIM(target.value)", "reached.address"
    listed = joined(host, "','", "LOWER(REPLACE(goto, ' ', ''))", "','")
    searched = to("alias.goto", joined(host, "','", f"LOWER({address})", "','"))
    any_of = joined(host, "'*'", target)
    target = f"CASE WHEN INSTR({target}, '@') = 1 THEN {any_of} ELSE {target} END"
    key_in_target_domain = joined(host, local_part(key), "'@'", "target_domain")
    in_target_domain = joined(host, local_part(address), "'@'", "target_domain")
    return {
        "key_catch_all": joined(host, "'@'", key),
        "key_domain": domain(key),
        "key_in_target_domain": to("alias.address", key_in_target_domain),
        "key_is_domain": f"INSTR({key}, '@') = 0",
        "split": SPLIT[host.database.engine],
        # A whole domain as a target, as old aliases have it, stands for any address in it.
        "target": to("alias.address", target),
        "is_any": f"INSTR({address}, '*') = 1",
        "has_local_part": f"INSTR({address}, '@') > 1",
        "domain": to("domain.domain", domain(address)),
        "as_alias_domain": to("alias_domain.alias_domain", domain(address)),
        "as_username": to("mailbox.username", address),
        "catch_all": joined(host, "'@'", domain(address)),
        "in_target_domain": to("alias.address", in_target_domain),
        "lacks_itself": f"INSTR({listed}, {searched}) = 0",
        "alias_username": to("mailbox.username", "alias.address"),
        "alias_domain": to("domain.domain", domain("alias.address")),
        "extensions": extensions(host, address),
    }


def extensions(host: MailHost, address: str) -> list[tuple[str, str]]:
    """Return for each delimiter whether the address has an extension, and the address without."""
    return [
        (
            f"INSTR({local_part(address)}, '{sign}') > 1",
            joined(
                host,
                f"SUBSTR({address}, 1, INSTR({address}, '{sign}') - 1)",
                "'@'",
                domain(address),
            ),
        )
        for sign in host.delimiter
    ]


def conversion(host: MailHost) -> Conversion:
    """Return what writes an expression so that it can be compared with a column.

    Where the collations of the columns differ, MariaDB would convert the column instead and so read
    the whole table for each target, or fail (error 1267).
    """
    found = known_collations() if host.database.engine == "mysql" else {}
    is_mixed = len(set(found.values())) > 1

    def converted(column: str, expression: str) -> str:
        if not is_mixed or column not in found:
            return expression
        charset = found[column].partition("_")[0]
        return f"CONVERT({expression} USING {charset}) COLLATE {found[column]}"

    return converted


def known_collations() -> dict[str, str]:
    """Return the collations; nothing if the database can't say them."""
    try:
        return collations()
    except DatabaseError:
        return {}


def local_part(address: str) -> str:
    """Return the part before the @; that of a domain alone is empty."""
    return f"SUBSTR({address}, 1, INSTR({address}, '@') - 1)"


def domain(address: str) -> str:
    return f"SUBSTR({address}, INSTR({address}, '@') + 1)"


def joined(host: MailHost, *texts: str) -> str:
    if host.database.engine == "sqlite":
        return f"({' || '.join(texts)})"
    return f"CONCAT({', '.join(texts)})"
