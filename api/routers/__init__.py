"""One module per aggregate; every endpoint is thin, typed by the entities, and its docstring is its reference."""

from collections.abc import Mapping

from api.auth.permissions import PUBLIC, Permission
from api.docs_page import DOCS_PATHS
from api.routers import (
    accounts,
    auth,
    categories,
    notifications,
    orders,
    payments,
    posts,
    products,
    service,
    tags,
    users,
)
from api.routing import Router

ROUTERS: tuple[Router, ...] = tuple(
    module.router
    for module in (
        *(service, users, categories, products, orders, payments, posts, tags, accounts),
        *(notifications, auth),
    )
)
"""All endpoints; those of ``auth`` are served with ``AUTH=required``."""

PERMISSIONS: Mapping[str, Permission] = {
    f"{method} {route.path}": route.permission
    for router in ROUTERS
    for route in router.routes
    for method in route.methods or ()
} | {f"GET {path}": PUBLIC for path in DOCS_PATHS}
"""The permission of each request, such as ``GET /users/{id}``."""
