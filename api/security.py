"""What the API document says of who may send a request; only where ``AUTH=required``."""

from copy import deepcopy
from typing import Any

from api.access import TABLE, Row, Who
from core.errors import Forbidden, Unauthenticated

SCHEME = "session"

_FLOWS = {"password": {"tokenUrl": "auth/token", "refreshUrl": "auth/token", "scopes": {}}}
_CHALLENGE = {"description": "How to log in.", "schema": {"type": "string"}}
_TEXTS = {
    Who.ANYBODY: "For anybody.",
    Who.READER: "For anybody",
    Who.USER: "For whoever has logged in",
    Who.OPERATOR: "For superusers",
    Who.SUPERUSER: "For superusers.",
}


def secure(document: dict[str, Any]) -> None:
    """Say of every operation whom it is for, what it needs, and how it is refused."""
    schemes = document["components"].setdefault("securitySchemes", {})
    schemes[SCHEME] = {"type": "oauth2", "flows": _FLOWS, "description": "The access token of `POST /auth/token`."}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            row = TABLE.get(f"{method.upper()} {path}")
            if row is not None:
                _secure(method, operation, row)


def told(row: Row) -> str:
    """Whom a row is for, in a sentence."""
    text = _TEXTS[row.who]
    return f"{text}: {row.says}." if row.says else f"{text.removesuffix('.')}."


def _secure(method: str, operation: dict[str, Any], row: Row) -> None:
    responses = operation["responses"]
    forbidden = responses.pop("403")
    operation["description"] = f"{operation['description']}\n\n{told(row)}"
    if row.who is Who.ANYBODY:
        operation["security"] = []
        return
    needed: dict[str, list[str]] = {SCHEME: []}
    operation["security"] = [needed] if row.who in (Who.USER, Who.SUPERUSER) else [{}, needed]
    unknown = deepcopy(forbidden)
    unknown["description"] = f"{Unauthenticated.title} (`{Unauthenticated.code}`)."
    unknown["headers"]["WWW-Authenticate"] = _CHALLENGE
    responses["401"] = unknown
    if row.may_forbid(method.upper()):
        forbidden["description"] = f"{Forbidden.title} (`{Forbidden.code}`)."
        responses["403"] = forbidden
    if row.who in (Who.OPERATOR, Who.SUPERUSER) and method == "get" and "404" not in responses:
        responses["404"] = {**deepcopy(forbidden), "description": "It is for superusers."}
    operation["responses"] = dict(sorted(responses.items()))
