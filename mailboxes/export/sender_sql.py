"""SQL for the sender maps, which follow an alias to the mailboxes that it forwards to."""

from mailboxes.conf import MailHost
from mailboxes.export.reach_sql import SPLIT, Conversion, domain, extensions, joined, local_part


def expressions(host: MailHost, to: Conversion) -> dict[str, object]:
    """Return what the templates need."""
    target, address = "TRIM(target.value)", "reached.address"
    there = joined(host, local_part(address), "'@'", "target_domain")
    stripped = extensions(host, address)
    plain = [f"INSTR({address}, '@') > 1", *(f"NOT {found}" for found, _ in stripped)]
    catch_all = (" AND ".join(plain), joined(host, "'@'", domain(address)))
    return {
        "split": SPLIT[host.database.engine],
        "target": to("alias.address", target),
        # Not a whole domain, as old aliases have it.
        "is_address": f"INSTR({target}, '@') <> 1",
        "has_local_part": f"INSTR({address}, '@') <> 1",
        "domain": to("domain.domain", domain(address)),
        "as_alias_domain": to("alias_domain.alias_domain", domain(address)),
        # An outer join remains one with this condition, so MariaDB doesn't begin at alias_domain.
        "is_alias_domain": "COALESCE(target_domain, '') <> ''",
        "here": {"address": address, "username": to("mailbox.username", address)},
        "there": {
            "address": to("alias.address", there),
            "username": to("mailbox.username", there),
        },
        "steps": [*stripped, *[catch_all] * host.catch_all_senders],
    }
