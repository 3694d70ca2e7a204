"""SQL for the maps, which know what becomes of mail as `handling` does. %% is a %."""

from mailboxes.addresses import REFUSED_DOMAIN
from mailboxes.conf import MailHost
from mailboxes.export.reach_sql import Conversion, joined, local_part
from mailboxes.handling import CODES, DISCARD

IS_REFUSAL = f"LIKE '%%@{REFUSED_DOMAIN}'"
IS_HANDLED = f"INSTR(goto, ',') = 0 AND (goto {IS_REFUSAL} OR goto LIKE '{DISCARD}')"


def expressions(host: MailHost, key: str, target: str, to: Conversion) -> dict[str, str]:
    """Return what the templates need; `key` is what Postfix looks up, `target` the same address
    in the domain to which an alias domain forwards.
    """
    capitalized = joined(host, f"UPPER(SUBSTR({key}, 1, 1))", f"SUBSTR({key}, 2)")
    refusal = "(SELECT MAX(goto) FROM alias WHERE alias.address = reached.address"
    return {
        "is_handled": IS_HANDLED,
        "key_answers": answers(key),
        "target_answers": answers(to("mailbox.username", target)),
        "alias_answers": answers(to("mailbox.username", "alias.address")),
        "is_refusal": IS_REFUSAL,
        "discard": DISCARD,
        "reply": joined(
            host,
            "'550 5.1.1 '",
            sentence(f"{refusal} AND INSTR(goto, ',') = 0 AND goto {IS_REFUSAL})"),
        ),
        # Postfix looks transports up in lower case.
        "error": joined(host, "'error:5.1.1 '", sentence(capitalized)),
    }


def answers(address: str) -> str:
    """Return the condition that an alias is used: a disabled mailbox's only if it says what becomes
    of its mail.
    """
    mailbox = f"SELECT 1 FROM mailbox WHERE username = {address}"  # noqa: S608 # nosec B608
    return (
        f"(alias.active = 1 AND NOT EXISTS ({mailbox} AND mailbox.active <> 1)"
        f" OR {IS_HANDLED} AND EXISTS ({mailbox}))"
    )


def sentence(target: str) -> str:
    """Return the expression that decodes a refusal's sentence from its target."""
    text = f"REPLACE({local_part(target)}, '_', ' ')"
    for mark, code in CODES.items():
        text = f"REPLACE({text}, '{code}', '{mark.replace(chr(39), 2 * chr(39))}')"
    return text
