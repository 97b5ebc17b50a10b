"""Security in the OpenAPI document: permissions, and the responses that follow from them. With ``AUTH=required``."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from api.auth.permissions import Audience, Permission
from core.errors import Forbidden, Unauthenticated

SCHEME = "session"

_FLOWS = {"password": {"tokenUrl": "auth/token", "refreshUrl": "auth/token", "scopes": {}}}
_CHALLENGE = {"description": "The authentication scheme (RFC 6750).", "schema": {"type": "string"}}
_TEXTS = {
    Audience.PUBLIC: "For all clients",
    Audience.READER: "For all clients",
    Audience.USER: "For users",
    Audience.OPERATOR: "For superusers",
    Audience.SUPERUSER: "For superusers",
}


def describe_security(document: dict[str, Any], permissions: Mapping[str, Permission | None]) -> None:
    """Add to every operation whom it is for, what it requires, and how it is rejected."""
    schemes = document["components"].setdefault("securitySchemes", {})
    schemes[SCHEME] = {"type": "oauth2", "flows": _FLOWS, "description": "The access token of `POST /auth/token`."}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            permission = permissions[f"{method.upper()} {path}"]
            if permission is not None:
                _describe(method, operation, permission)


def describe_permission(permission: Permission) -> str:
    """Whom a permission is for, in a sentence."""
    text = _TEXTS[permission.audience]
    return f"{text}: {permission.description}." if permission.description else f"{text}."


def _describe(method: str, operation: dict[str, Any], permission: Permission) -> None:
    audience = permission.audience
    responses = operation["responses"]
    forbidden = responses.pop("403")
    operation["description"] = f"{operation['description']}\n\n{describe_permission(permission)}"
    if audience is Audience.PUBLIC:
        operation["security"] = []
        return
    required: dict[str, list[str]] = {SCHEME: []}
    operation["security"] = [required] if audience in (Audience.USER, Audience.SUPERUSER) else [{}, required]
    unauthenticated = deepcopy(forbidden)
    unauthenticated["description"] = f"{Unauthenticated.title} (`{Unauthenticated.code}`)."
    unauthenticated["headers"]["WWW-Authenticate"] = _CHALLENGE
    responses["401"] = unauthenticated
    if permission.can_forbid or (audience is Audience.SUPERUSER and method != "get"):
        forbidden["description"] = f"{Forbidden.title} (`{Forbidden.code}`)."
        responses["403"] = forbidden
    if audience in (Audience.OPERATOR, Audience.SUPERUSER) and method == "get" and "404" not in responses:
        responses["404"] = {**deepcopy(forbidden), "description": "Only superusers can see it."}
    operation["responses"] = dict(sorted(responses.items()))
