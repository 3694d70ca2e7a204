"""SQL for undeliverable.cf, which follows an address through the tables as Postfix does."""

from collections.abc import Callable, Mapping

from django.db import DatabaseError

from mailboxes.addresses import NOT_ADDRESSES
from mailboxes.collations import collations
from mailboxes.conf import MailHost

LISTED = "JSON_QUOTE(REPLACE(REPLACE(TRIM(goto), CHAR(10), ','), ' ', ','))"
SPLIT = {
    "mysql": f"""JSON_TABLE(CONCAT('[', REPLACE({LISTED}, ',', '","'), ']'), '$[*]'
        COLUMNS (value VARCHAR(255) PATH '$')) AS target""",
    "sqlite": f"""JSON_EACH('[' || REPLACE({LISTED}, ',', '","') || ']') AS target""",
}
"""A table of the targets in `goto`."""

ROOM = 10_000
"""Bytes: with less left, a mailbox counts as full. Dovecot lets no mail exceed the quota, so that
hardly any mailbox is ever filled to its last byte, and nearly all mail is already bounced before.
"""

Conversion = Callable[[str, str], str]
Collations = Mapping[str, str]


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
        "key_extensions": [
            (found, to("alias.address", stripped)) for found, stripped in extensions(host, key)
        ],
        "split": SPLIT[host.database.engine],
        # A whole domain as a target, as old aliases have it, stands for any address in it.
        "target": to("alias.address", target),
        "is_target": "TRIM(target.value) <> ''",
        "is_address": " AND ".join(f"{address} NOT LIKE '{start}%%'" for start in NOT_ADDRESSES),
        "is_any": f"INSTR({address}, '*') = 1",
        "has_local_part": f"INSTR({address}, '@') > 1",
        "domain": to("domain.domain", domain(address)),
        "as_alias_domain": to("alias_domain.alias_domain", domain(address)),
        "as_username": to("mailbox.username", address),
        "catch_all": joined(host, "'@'", domain(address)),
        "in_target_domain": to("alias.address", in_target_domain),
        "lacks_itself": f"INSTR({listed}, {searched}) = 0",
        "without_itself": f" AND INSTR({listed}, {searched}) = 0",
        "alias_username": to("mailbox.username", "alias.address"),
        "alias_domain": to("domain.domain", domain("alias.address")),
        "here": place(host, address, to),
        "at_catch_all": place(host, joined(host, "'@'", domain(address)), to),
        "is_catch_all": f"INSTR({address}, '@') = 1",
        "extensions": [
            (found, stripped, place(host, stripped, to))
            for found, stripped in extensions(host, address)
        ],
    }


def place(host: MailHost, address: str, to: Conversion) -> dict[str, str]:
    """Return what answered.cf needs to know whether an address is forwarded."""
    in_target_domain = joined(host, local_part(address), "'@'", "target_domain")
    return {
        "address": to("alias.address", address),
        "as_alias_domain": to("alias_domain.alias_domain", domain(address)),
        "in_target_domain": to("alias.address", in_target_domain),
        "is_address": f"INSTR({address}, '@') > 1",
    }


def extensions(host: MailHost, address: str) -> list[tuple[str, str]]:
    """Return for each delimiter whether the address has an extension, and the address without.

    With a `-`, Postfix doesn't split the names of a list's owner or robot (split_addr.c).
    """
    name = local_part(address)
    of_a_list = f" AND NOT ({name} LIKE 'owner-%%' OR {name} LIKE '_%%-request')"
    of_a_list += f" AND {name} NOT IN ('mailer-daemon', 'double-bounce')"
    return [
        (
            f"INSTR({name}, '{sign}') > 1{of_a_list if '-' in host.delimiter else ''}",
            joined(
                host,
                f"SUBSTR({address}, 1, INSTR({address}, '{sign}') - 1)",
                "'@'",
                domain(address),
            ),
        )
        for sign in host.delimiter
    ]


def is_full(host: MailHost, key: str, to: Conversion, known: Collations) -> str:
    """Return the condition that a mailbox is full; empty if no usage is recorded.

    About the addressed mailbox itself, Dovecot is asked, which knows more. An adopted database may
    lack the table; one that can't be asked yet will have the panel's.
    """
    is_recorded = host.variant.name == "v2" and host.database.engine == "mysql"
    if not is_recorded or (known and "quota2.username" not in known):
        return ""
    address = "reached.address"
    return f"""{address} <> {key} AND EXISTS (SELECT 1 FROM mailbox JOIN quota2
            ON quota2.username = {to("quota2.username", address)}
            WHERE mailbox.username = {to("mailbox.username", address)}
            AND quota > 0 AND bytes > quota - {ROOM})"""  # noqa: S608 # nosec B608


def conversion(known: Collations) -> Conversion:
    """Return what writes an expression so that it can be compared with a column.

    Where the collations of the columns differ, MariaDB would convert the column instead and so read
    the whole table for each target, or fail (error 1267).
    """
    is_mixed = len(set(known.values())) > 1

    def converted(column: str, expression: str) -> str:
        if not is_mixed or column not in known:
            return expression
        charset = known[column].partition("_")[0]
        return f"CONVERT({expression} USING {charset}) COLLATE {known[column]}"

    return converted


def known_collations(host: MailHost) -> Collations:
    """Return the collations; nothing if the database can't say them."""
    try:
        return collations() if host.database.engine == "mysql" else {}
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
