"""SQL for the maps that look up in its target domain what was sent to an alias domain."""

from mailboxes.export.reach_sql import Conversion


def expressions(dialect: dict[str, str], to: Conversion) -> dict[str, str]:
    """Return what the templates compare with columns of the other tables."""
    return {
        "target_domain": to("domain.domain", "target_domain"),
        "as_username": to("mailbox.username", dialect["target"]),
        "as_alias": to("alias.address", dialect["target"]),
        "catch_all": to("alias.address", dialect["target_catch_all"]),
    }
