"""Permissions: who may send a request. Each endpoint declares its own, and its route enforces it.

What a user may not see does not exist (404); what it may see but not do is forbidden (403); what needs a user is
answered 401 without a token. With ``AUTH=off`` nothing is checked.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from api.auth.authentication import get_current_user_or_none, require_user
from api.auth.checks import Check
from api.client_address import address_of
from api.http.fields import clean_path_name
from core.entities import User
from core.errors import Forbidden, NotFound
from core.settings import Auth, Settings


class Audience(StrEnum):
    """The clients that a request is for.

    Attributes:
        PUBLIC: all; a token is not looked at.
        READER: all, but a user may see more.
        USER: users, within ``Permission.check`` and what they may see.
        OPERATOR: superusers, and without a token clients from ``TRUSTED_NETWORKS``.
        SUPERUSER: superusers.
    """

    PUBLIC = "public"
    READER = "reader"
    USER = "user"
    OPERATOR = "operator"
    SUPERUSER = "superuser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Who may send a request. Everything below ``audience`` is about users that are not superusers.

    Attributes:
        audience: the clients that may send it.
        description: what users may do by it, for readers; empty where ``audience`` says it all.
        check: a further condition on an argument of the endpoint.
        can_forbid: whether users may be answered 403, for what they may see but not do.
        not_found: entity and path parameter that a 404 names where the request is for superusers only.
    """

    audience: Audience
    description: str = ""
    check: Check[Any] | None = None
    can_forbid: bool = False
    not_found: tuple[str, str] | None = None


PUBLIC = Permission(audience=Audience.PUBLIC)
SUPERUSERS = Permission(audience=Audience.SUPERUSER)
OPERATORS = Permission(audience=Audience.OPERATOR, description="from `TRUSTED_NETWORKS` also without a token")


@dataclass(frozen=True, slots=True)
class Restriction:
    """Restricts a request to what its user may see and do; without a user, to what is public."""

    user: User | None


_PUBLIC = Restriction(None)


async def authorize(request: Request, permission: Permission) -> Restriction | None:
    """How a request is restricted, decided on its head alone; None for no restriction: superusers where the endpoint
    is not public, and everything with ``AUTH=off``.

    Raises:
        Unauthenticated: the request needs a token, or brings one that is not valid.
        Forbidden: the request is not for the user, who may know of it.
        NotFound, HTTPException: the request is not for the user, to whom it does not exist.
    """
    settings: Settings = request.app.state.settings
    if settings.auth is Auth.OFF:
        return None
    audience = permission.audience
    if audience is Audience.PUBLIC or (audience is Audience.OPERATOR and _is_trusted(request, settings)):
        return _PUBLIC
    user = await (get_current_user_or_none if audience is Audience.READER else require_user)(request)
    if user is not None and user.is_superuser:
        return None
    if audience in (Audience.READER, Audience.USER):
        return Restriction(user)
    raise _rejection(request, permission)


def _is_trusted(request: Request, settings: Settings) -> bool:
    """Only networks that are named are trusted: behind a proxy on this machine every client has its address."""
    address = address_of(request.scope)
    return address is not None and any(address in network for network in settings.networks)


def _rejection(request: Request, permission: Permission) -> Exception:
    if request.method != "GET":
        return Forbidden("Only superusers can do this.")
    if permission.not_found is None:
        return HTTPException(404)
    entity, parameter = permission.not_found
    return NotFound(entity, clean_path_name(entity, request.path_params[parameter]))
