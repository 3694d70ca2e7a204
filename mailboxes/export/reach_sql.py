"""SQL for undeliverable.cf, which follows an address through the tables as Postfix does."""

from mailboxes.conf import MailHost

SPLIT = {
    "mysql": """JSON_TABLE(CONCAT('[', REPLACE(JSON_QUOTE(goto), ',', '","'), ']'), '$[*]'
        COLUMNS (value VARCHAR(255) PATH '$')) AS target""",
    "sqlite": """JSON_EACH('[' || REPLACE(JSON_QUOTE(goto), ',', '","') || ']') AS target""",
}
"""A table of the targets in `goto`."""


def expressions(host: MailHost, key: str) -> dict[str, object]:
    """Return what the template needs; `key` is what Postfix looks up, an address or a domain."""
    target, address = "TRIM(target.value)", "reached.address"
    listed = joined(host, "','", "LOWER(REPLACE(goto, ' ', ''))", "','")
    searched = joined(host, "','", f"LOWER({address})", "','")
    any_of = joined(host, "'*'", target)
    return {
        "key_catch_all": joined(host, "'@'", key),
        "key_domain": domain(key),
        "key_in_target_domain": joined(host, local_part(key), "'@'", "target_domain"),
        "key_is_domain": f"INSTR({key}, '@') = 0",
        "split": SPLIT[host.database.engine],
        # A whole domain as a target, as old aliases have it, stands for any address in it.
        "target": f"CASE WHEN INSTR({target}, '@') = 1 THEN {any_of} ELSE {target} END",
        "is_any": f"INSTR({address}, '*') = 1",
        "has_local_part": f"INSTR({address}, '@') > 1",
        "domain": domain(address),
        "catch_all": joined(host, "'@'", domain(address)),
        "in_target_domain": joined(host, local_part(address), "'@'", "target_domain"),
        "lacks_itself": f"INSTR({listed}, {searched}) = 0",
        "alias_domain": domain("alias.address"),
        "extensions": [
            (
                f"INSTR({local_part(address)}, '{sign}') > 1",
                joined(host, f"SUBSTR({address}, 1, INSTR({address}, '{sign}') - 1)", "'@'",
                       domain(address)),
            )
            for sign in host.delimiter
        ],
    }  # fmt: skip


def local_part(address: str) -> str:
    """Return the part before the @; that of a domain alone is empty."""
    return f"SUBSTR({address}, 1, INSTR({address}, '@') - 1)"


def domain(address: str) -> str:
    return f"SUBSTR({address}, INSTR({address}, '@') + 1)"


def joined(host: MailHost, *texts: str) -> str:
    if host.database.engine == "sqlite":
        return f"({' || '.join(texts)})"
    return f"CONCAT({', '.join(texts)})"
