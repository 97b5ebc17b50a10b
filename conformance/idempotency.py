"""Requests with an ``Idempotency-Key``, and what is stored for them."""

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

KEY_IN_USE = (409, "idempotency-key-in-use")
KEY_REUSED = (422, "idempotency-key-reused")

INITIAL_STOCK = 100


def key_header(key: str) -> dict[str, str]:
    """The header with this key."""
    return {HEADER: key}


def is_replayed(response: httpx2.Response) -> bool:
    """Whether a response is marked as a replay."""
    return response.headers.get(REPLAYED) == "true"


def are_identical(responses: Sequence[httpx2.Response]) -> bool:
    """Whether status, ETag, content type and body are the same."""
    return len({(r.status_code, r.headers.get("etag"), r.headers["content-type"], r.content) for r in responses}) == 1


def order_body(quantity: int = 1) -> Json:
    """The body of an order, after ``add_stock``."""
    return {"user_id": 1, "items": [{"product_id": 1, "quantity": quantity}]}


async def add_stock(shop: Shop) -> None:
    """Create a user, and a product with ``INITIAL_STOCK`` pieces."""
    await shop.user()
    await shop.product(stock_quantity=INITIAL_STOCK)


async def count_sold(shop: Shop) -> tuple[int, int]:
    """The numbers of orders, and of pieces sold."""
    return (await shop.get("/orders"))["total"], INITIAL_STOCK - (await shop.get("/products/1"))["stock_quantity"]


async def find_stored_response(app: FastAPI, key: str) -> ExpiringEntry | None:
    """The stored response under a key of a client without a token."""
    storage: Storage = app.state.storage
    return await storage.expiring.get(entry_key(EntryKind.IDEMPOTENT_RESPONSE, "anonymous", key), _LONG_AGO)
