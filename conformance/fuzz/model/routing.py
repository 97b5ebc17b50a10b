"""All endpoints, and the route of a request."""

from types import ModuleType

from conformance.fuzz.model import accounts, categories, orders, payments, posts, products, tags, users
from conformance.fuzz.model.requests import RawRequest, Route
from conformance.fuzz.model.responses import Response
from conformance.fuzz.model.shop import ShopModel

_MODULES: tuple[ModuleType, ...] = (users, categories, products, orders, payments, posts, tags, accounts)

ROUTES: tuple[Route, ...] = tuple(route for module in _MODULES for route in module.ROUTES)
"""The first that matches a request handles it."""


def respond(shop: ShopModel, raw: RawRequest, observed: object) -> Response:
    """The response of the model, which changes as the request says.

    ``observed`` is the response of a storage, from which only the ids, order numbers and cursors are taken.

    Raises:
        LookupError: the model has no such endpoint.
    """
    for route in ROUTES:
        if route.method == raw.method and (found := route.pattern.fullmatch(raw.path)):
            return shop.handle(route, raw, found.groupdict(), observed)
    raise LookupError(f"{raw.method} {raw.path}")
