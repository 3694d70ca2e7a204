"""How the log stores a refusal: its message and params, for readers of any language."""

from typing import Any

from mailboxes.errors import Refused, Term
from mailboxes.sizes import Size


def refusal_as_json(error: Refused) -> dict[str, Any]:
    """Return what JSON can store of a refusal; `refusal_from_json` is the way back."""
    params = {name: param_as_json(value) for name, value in error.params.items()}
    return {"message": error.message, "params": params}


def refusal_from_json(stored: dict[str, Any]) -> Refused:
    params = {name: param_from_json(value) for name, value in stored["params"].items()}
    return Refused(stored["message"], params)


def param_as_json(value: Any) -> Any:
    if isinstance(value, Refused):
        return refusal_as_json(value)
    if isinstance(value, Size):
        return {"bytes": int(value)}
    if isinstance(value, Term):
        return {"term": str(value)}
    if isinstance(value, int):
        return value
    return storable(str(value))


def param_from_json(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "bytes" in value:
        return Size(value["bytes"])
    return Term(value["term"]) if "term" in value else refusal_from_json(value)


def storable(text: str) -> str:
    """Return a text with lone surrogates escaped: no database stores them (RFC 3629, section 3)."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
