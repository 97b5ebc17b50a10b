"""Who may do what: one table, enforced where endpoints are called, and nowhere else.

What one may not see does not exist (404); what one may see but not do is forbidden (403); whoever would have to log in
for it is told so (401). A request without a row is for superusers. With ``AUTH=off`` nobody looks at it.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from api.identity import identify, require_user
from api.parameters import key
from api.peers import address_of
from api.rules import (
    Check,
    Guard,
    cancels_pending,
    for_itself,
    for_itself_and_empty,
    from_its_own,
    is_published,
    itself,
)
from api.sight import sight
from core.entities import User
from core.errors import Forbidden, NotFound
from core.settings import Auth, Settings


class Who(StrEnum):
    """Whom a request is for.

    Attributes:
        ANYBODY: all, and nobody is asked who they are, whatever token they bring.
        READER: all, but who logs in may see more.
        USER: whoever has logged in, as far as ``Row.check`` and ``Row.narrowed`` go.
        OPERATOR: superusers, and without a token whoever asks from one of ``TRUSTED_NETWORKS``.
        SUPERUSER: superusers.
    """

    ANYBODY = "anybody"
    READER = "reader"
    USER = "user"
    OPERATOR = "operator"
    SUPERUSER = "superuser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Who may send a request. All that is said below ``who`` is for those who are no superusers.

    Attributes:
        says: what it comes to, for people.
        check: looks at the arguments before the endpoint is called.
        narrowed: the aggregate of which only what one may see exists to the endpoint, see ``api.sight``.
        guard: asked, inside the unit of work, before a narrowed entity is changed; is told the arguments too.
        named: entity and path parameter that a 404 names where the request is not for the user.
    """

    who: Who
    says: str = ""
    check: Check | None = None
    narrowed: str = ""
    guard: Guard | None = None
    named: tuple[str, str] | None = None

    def may_forbid(self, method: str) -> bool:
        """Whether a user can be told that something is forbidden: what it asks for may be known to it."""
        if self.who is Who.SUPERUSER:
            return method != "GET"
        return self.guard is not None or self.check in (for_itself, for_itself_and_empty)


async def admit(request: Request, row: Row) -> "Entry | None":
    """Decide on a request before anything but its head is read; None where there is nothing to decide later.

    Raises:
        Unauthenticated: it needs a token, or brings a bad one.
        Forbidden: it is not for the user, who may know of it.
        NotFound, HTTPException: it is not for the user, to whom it does not exist.
    """
    settings: Settings = request.app.state.settings
    if settings.auth is Auth.OFF or row.who is Who.ANYBODY:
        return None
    if row.who is Who.OPERATOR and _is_trusted(request, settings):
        return None
    user = await (identify if row.who is Who.READER else require_user)(request)
    if user is not None and user.is_superuser:
        return None
    if row.who in (Who.READER, Who.USER):
        return Entry(row, user)
    raise _refusal(request, row)


def _is_trusted(request: Request, settings: Settings) -> bool:
    """By name only: behind a proxy on this machine everybody comes from this machine."""
    address = address_of(request.scope)
    return address is not None and any(address in network for network in settings.networks)


def _refusal(request: Request, row: Row) -> Exception:
    if request.method != "GET":
        return Forbidden("This is for superusers.")
    if row.named is None:
        return HTTPException(404)
    entity, parameter = row.named
    return NotFound(entity, key(entity, request.path_params[parameter]))


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that has been let in, for as much as its row says."""

    row: Row
    user: User | None

    async def call(self, endpoint: Callable[..., Awaitable[Any]], /, **values: Any) -> Any:
        """Call an endpoint, to which nothing exists but what the user may see."""
        row = self.row
        if row.narrowed:
            guard = partial(row.guard, values) if row.guard else None
            values["storage"] = sight(values["storage"], row.narrowed, self.user, guard)
        if row.check is not None and self.user is not None:
            await row.check(self.user, values)
        return await endpoint(**values)


_ALL = Row(who=Who.ANYBODY)
_STAFF = Row(who=Who.SUPERUSER)
_OPERATORS = Row(who=Who.OPERATOR, says="from `TRUSTED_NETWORKS` also without a token")
_SESSION = Row(who=Who.USER, says="its own session or password")
_ITSELF = Row(who=Who.USER, says="itself", check=itself("id"))
_OWN_ORDERS = Row(who=Who.USER, says="its own orders", narrowed="orders")
_ORDERING = Row(who=Who.USER, says="for itself: another `user_id` is 403", check=for_itself)
_OWN_ACCOUNTS = Row(who=Who.USER, says="its own accounts", narrowed="accounts")
_POSTS = Row(who=Who.READER, says="published ones; its author also an unpublished one", narrowed="posts")

TABLE: Mapping[str, Row] = {
    "GET /": _ALL,
    "GET /livez": _ALL,
    "GET /readyz": _ALL,
    "GET /docs": _ALL,
    "GET /docs/assets": _ALL,
    "GET /openapi.json": _ALL,
    "GET /health": _OPERATORS,
    "GET /health/db": _OPERATORS,
    "GET /metrics": _OPERATORS,
    "POST /auth/token": _ALL,
    "POST /auth/logout": _SESSION,
    "PUT /auth/password": _SESSION,
    "POST /users": _ALL,
    "POST /users/bulk": _STAFF,
    "GET /users": _STAFF,
    "GET /users/search": _STAFF,
    "GET /users/stats/active-count": _STAFF,
    "GET /users/top-spenders": _STAFF,
    "GET /users/by-email/{email}": Row(who=Who.SUPERUSER, named=("user", "email")),
    "PATCH /users/bulk/deactivate": _STAFF,
    "DELETE /users/bulk/inactive": _STAFF,
    "GET /users/{id}": _ITSELF,
    "PUT /users/{id}": _ITSELF,
    "PATCH /users/{id}": _ITSELF,
    "DELETE /users/{id}": _ITSELF,
    "DELETE /users/{id}/soft": _ITSELF,
    "GET /users/{id}/with-posts": _ITSELF,
    "GET /users/{id}/notifications": _ITSELF,
    "POST /categories": _STAFF,
    "GET /categories": _ALL,
    "GET /categories/tree": _ALL,
    "GET /categories/{id}": _ALL,
    "PUT /categories/{id}": _STAFF,
    "PATCH /categories/{id}": _STAFF,
    "DELETE /categories/{id}": _STAFF,
    "GET /categories/{id}/products": _ALL,
    "POST /products": _STAFF,
    "POST /products/bulk": _STAFF,
    "GET /products": _ALL,
    "GET /products/low-stock": _STAFF,
    "GET /products/with-categories": _ALL,
    "GET /products/by-category-stats": _STAFF,
    "GET /products/by-sku/{sku}": _ALL,
    "GET /products/by-slug/{slug}": _ALL,
    "GET /products/{id}": _ALL,
    "PUT /products/{id}": _STAFF,
    "PATCH /products/{id}": _STAFF,
    "DELETE /products/{id}": _STAFF,
    "POST /products/{id}/stock": _STAFF,
    "POST /orders": _ORDERING,
    "POST /orders/with-notifications": _ORDERING,
    "GET /orders": Row(who=Who.USER, says="its own orders; of another `user_id` there are none", narrowed="orders"),
    "GET /orders/stats/summary": _STAFF,
    "GET /orders/user/{user_id}": Row(who=Who.USER, says="itself", check=itself("user_id")),
    "GET /orders/{id}": _OWN_ORDERS,
    "GET /orders/{id}/details": _OWN_ORDERS,
    "PATCH /orders/{id}/status": Row(
        who=Who.USER,
        says="cancels its own order while that is pending: anything else is 403",
        narrowed="orders",
        guard=cancels_pending,
    ),
    "POST /orders/{id}/payments": _OWN_ORDERS,
    "POST /posts": _STAFF,
    "GET /posts": Row(
        who=Who.READER, says="published ones; with its own `author_id` all it has written", narrowed="posts"
    ),
    "GET /posts/{id}": _POSTS,
    "PUT /posts/{id}": _STAFF,
    "PATCH /posts/{id}": _STAFF,
    "DELETE /posts/{id}": _STAFF,
    "POST /posts/{id}/view": Row(
        who=Who.READER,
        says="published ones; to the author of an unpublished one it is 403",
        narrowed="posts",
        guard=is_published,
    ),
    "POST /tags": _STAFF,
    "GET /tags": _ALL,
    "GET /tags/{id}": _ALL,
    "PUT /tags/{id}": _STAFF,
    "PATCH /tags/{id}": _STAFF,
    "DELETE /tags/{id}": _STAFF,
    "GET /tags/{id}/posts": Row(who=Who.READER, says="published ones", narrowed="posts"),
    "POST /accounts": Row(
        who=Who.USER,
        says="for itself, with a balance of 0: anything else is 403",
        check=for_itself_and_empty,
    ),
    "POST /accounts/transfers": Row(
        who=Who.USER,
        says="from its own account, to any; another's is `unknown-reference`",
        narrowed="accounts",
        check=from_its_own,
    ),
    "GET /accounts/{id}": _OWN_ACCOUNTS,
    "POST /accounts/{id}/deposit": _STAFF,
    "GET /accounts/{id}/transfers": _OWN_ACCOUNTS,
    "POST /notifications/{id}/read": Row(who=Who.USER, says="its own notifications", narrowed="notifications"),
}
"""Who may send what: a row for each method and path template."""


def row_of(methods: Iterable[str] | None, path: str) -> Row:
    """The row of a route; that of superusers where it has none."""
    return next((TABLE[name] for name in names(methods, path) if name in TABLE), _STAFF)


def names(methods: Iterable[str] | None, path: str) -> list[str]:
    """What a route is called in the table. HEAD is GET; what says no methods can only be read."""
    return [f"{method} {path}" for method in sorted(set(methods or ["GET"]) - {"HEAD"})]


def named(routes: Iterable[BaseRoute]) -> list[str]:
    """What the requests that routes serve are called in the table."""
    found = [(getattr(route, "methods", None), getattr(route, "path", None)) for route in routes]
    return [name for methods, path in found if path is not None for name in names(methods, path)]


def without_row(routes: Iterable[BaseRoute]) -> list[str]:
    """The requests that the table forgot."""
    return [name for name in named(routes) if name not in TABLE]
