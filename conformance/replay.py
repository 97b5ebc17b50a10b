"""Requests with an ``Idempotency-Key``, and what is stored of them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import httpx2
from fastapi import FastAPI

from api.idempotency import HEADER, REPLAYED
from conformance.shop import Json, Shop
from core.entities import EntryKind, ExpiringEntry
from core.services.expiring import entry_key
from core.storage import Storage

_LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)

IN_USE = (409, "idempotency-key-in-use")
REUSED = (422, "idempotency-key-reused")

STOCK = 100


def keyed(key: str) -> dict[str, str]:
    """The header with this key."""
    return {HEADER: key}


def replayed(answer: httpx2.Response) -> bool:
    """Whether it says that it was given before."""
    return answer.headers.get(REPLAYED) == "true"


def same(answers: Sequence[httpx2.Response]) -> bool:
    """Whether they cannot be told apart by what they answer."""
    return len({(a.status_code, a.headers.get("etag"), a.headers["content-type"], a.content) for a in answers}) == 1


def order_of(quantity: int = 1) -> Json:
    """The body of an order in a shop that is ``stocked``."""
    return {"user_id": 1, "items": [{"product_id": 1, "quantity": quantity}]}


async def stock(shop: Shop) -> None:
    """A user, and ``STOCK`` pieces of a product."""
    await shop.user()
    await shop.product(stock_quantity=STOCK)


async def sold(shop: Shop) -> tuple[int, int]:
    """How many orders there are, and how many pieces are gone."""
    return (await shop.get("/orders"))["total"], STOCK - (await shop.get("/products/1"))["stock_quantity"]


async def stored(app: FastAPI, key: str) -> ExpiringEntry | None:
    """What an application has stored under a key of somebody who has not logged in."""
    storage: Storage = app.state.storage
    return await storage.expiring.get(entry_key(EntryKind.IDEMPOTENT_RESPONSE, "anonymous", key), _LONG_AGO)
