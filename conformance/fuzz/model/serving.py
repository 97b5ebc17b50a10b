"""Every endpoint there is, and the way to it."""

from types import ModuleType

from conformance.fuzz.model import accounts, categories, orders, posts, products, tags, users
from conformance.fuzz.model.answers import Answer
from conformance.fuzz.model.asking import Ask, Route
from conformance.fuzz.model.shop import Shop

_MODULES: tuple[ModuleType, ...] = (users, categories, products, orders, posts, tags, accounts)

ROUTES: tuple[Route, ...] = tuple(route for module in _MODULES for route in module.ROUTES)
"""Of two that fit, the first is meant."""


def answer(shop: Shop, ask: Ask, told: object) -> Answer:
    """What the shop answers, and what becomes of it.

    ``told`` is what a storage answered: the only use made of it is to learn the ids, order numbers and cursors that it
    chose.

    Raises:
        LookupError: the model has no such endpoint.
    """
    for route in ROUTES:
        if route.method == ask.method and (found := route.pattern.fullmatch(ask.path)):
            return shop.serve(route, ask, found.groupdict(), told)
    raise LookupError(f"{ask.method} {ask.path}")
