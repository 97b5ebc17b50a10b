"""The shop over HTTP: requests to server processes, through real sockets."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import cycle
from typing import Any

import aiohttp

from compare.client import Failed, Refused
from compare.direct import METHOD
from core import money
from core.entities import OrderDraft, ProductDraft, TransferDraft

_TIMEOUT = aiohttp.ClientTimeout(total=60)
_MISTAKES = frozenset({404, 405, 406, 415, 422})
"""Statuses that no request of ours should ever be answered with."""

Json = dict[str, Any]


class HttpClient:
    """See ``Client``. Asks the servers in turn.

    Args:
        urls: base URLs.
    """

    reruns: int | None = None
    """Not seen from outside."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, connector=aiohttp.TCPConnector(limit=0))
        self._urls = cycle(urls)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def product(self, id: int) -> int:
        return int((await self._ask("GET", f"/products/{id}"))["id"])

    async def product_by_slug(self, slug: str) -> int:
        return int((await self._ask("GET", f"/products/by-slug/{slug}"))["id"])

    async def category_page(self, category_id: int) -> int:
        return await self._page({"category_id": str(category_id)})

    async def search(self, text: str) -> int:
        return await self._page({"search": text, "is_active": "true"})

    async def order_details(self, id: int) -> int:
        return int((await self._ask("GET", f"/orders/{id}/details"))["id"])

    async def place(self, draft: OrderDraft, *, notify: bool) -> tuple[int, int]:
        order = await self._ask("POST", "/orders/with-notifications" if notify else "/orders", asdict(draft))
        return int(order["id"]), money.parse(order["total_amount"])

    async def pay(self, order_id: int, amount: int) -> None:
        await self._ask("POST", f"/orders/{order_id}/payments", {"amount": money.to_json(amount), "method": METHOD})

    async def cancel(self, order_id: int) -> None:
        await self._ask("PATCH", f"/orders/{order_id}/status", params={"new_status": "cancelled"})

    async def create_product(self, draft: ProductDraft) -> int:
        return int((await self._ask("POST", "/products", asdict(draft) | {"price": money.to_json(draft.price)}))["id"])

    async def change_product(self, id: int, description: str) -> None:
        await self._ask("PATCH", f"/products/{id}", {"description": description})

    async def restock(self, id: int, pieces: int) -> None:
        await self._ask("POST", f"/products/{id}/stock", {"quantity_change": pieces})

    async def transfer(self, draft: TransferDraft) -> None:
        await self._ask("POST", "/accounts/transfers", asdict(draft) | {"amount": money.to_json(draft.amount)})

    async def _page(self, params: dict[str, str]) -> int:
        return len((await self._ask("GET", "/products", params={"cursor": "", "page_size": "20", **params}))["items"])

    async def _ask(self, method: str, path: str, body: Json | None = None, params: dict[str, str] | None = None) -> Any:
        url = next(self._urls) + path
        try:
            async with self._session.request(method, url, json=body, params=params) as answer:
                told = json.loads(await answer.read() or b"null")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Failed(type(error).__name__) from error
        if answer.status < 400:
            return told
        code = str(told.get("type", answer.status)).rpartition(":")[2]
        raise Failed(code) if answer.status >= 500 or answer.status in _MISTAKES else Refused(code)
