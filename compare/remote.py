"""The shop over HTTP: requests to server processes, through real sockets."""

import json
from dataclasses import asdict
from typing import Any

import aiohttp
from typing_extensions import override

from compare.client import RequestFailed, RequestRefused, ShopClient
from compare.direct import METHOD
from core import money
from core.entities import OrderDraft, ProductDraft, TransferDraft

_TIMEOUT = aiohttp.ClientTimeout(total=60)
_UNEXPECTED_STATUSES = frozenset({404, 405, 406, 415, 422})
"""Client errors that mean a defect: these requests are valid and name only what exists."""

Json = dict[str, Any]


class HttpClient(ShopClient):
    """Sends the requests to one API.

    Args:
        url: its base URL.
    """

    retries: int | None = None
    """Not visible over HTTP."""

    def __init__(self, url: str) -> None:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, connector=aiohttp.TCPConnector(limit=0))
        self._url = url

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    @override
    async def get_product(self, id: int) -> int:
        return int((await self._request("GET", f"/products/{id}"))["id"])

    @override
    async def get_product_by_slug(self, slug: str) -> int:
        return int((await self._request("GET", f"/products/by-slug/{slug}"))["id"])

    @override
    async def list_category(self, category_id: int) -> int:
        return await self._count_page({"category_id": str(category_id)})

    @override
    async def search_products(self, text: str) -> int:
        return await self._count_page({"search": text, "is_active": "true"})

    @override
    async def get_order_details(self, id: int) -> int:
        return int((await self._request("GET", f"/orders/{id}/details"))["id"])

    @override
    async def place_order(self, draft: OrderDraft, *, notify: bool) -> tuple[int, int]:
        order = await self._request("POST", "/orders/with-notifications" if notify else "/orders", asdict(draft))
        return int(order["id"]), money.parse(order["total_amount"])

    @override
    async def pay_order(self, order_id: int, amount: int) -> None:
        payment = {"amount": money.to_json(amount), "method": METHOD}
        await self._request("POST", f"/orders/{order_id}/payments", payment)

    @override
    async def cancel_order(self, order_id: int) -> None:
        await self._request("PATCH", f"/orders/{order_id}/status", params={"new_status": "cancelled"})

    @override
    async def create_product(self, draft: ProductDraft) -> int:
        product = asdict(draft) | {"price": money.to_json(draft.price)}
        return int((await self._request("POST", "/products", product))["id"])

    @override
    async def change_description(self, product_id: int, description: str) -> None:
        await self._request("PATCH", f"/products/{product_id}", {"description": description})

    @override
    async def restock_product(self, id: int, pieces: int) -> None:
        await self._request("POST", f"/products/{id}/stock", {"quantity_change": pieces})

    @override
    async def transfer(self, draft: TransferDraft) -> None:
        await self._request("POST", "/accounts/transfers", asdict(draft) | {"amount": money.to_json(draft.amount)})

    async def _count_page(self, params: dict[str, str]) -> int:
        page = await self._request("GET", "/products", params={"cursor": "", "page_size": "20", **params})
        return len(page["items"])

    async def _request(
        self, method: str, path: str, body: Json | None = None, params: dict[str, str] | None = None
    ) -> Any:
        try:
            async with self._session.request(method, self._url + path, json=body, params=params) as response:
                content = json.loads(await response.read() or b"null")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise RequestFailed(type(error).__name__) from error
        if response.status < 400:
            return content
        code = str(content.get("type", response.status)).rpartition(":")[2]
        is_failure = response.status >= 500 or response.status in _UNEXPECTED_STATUSES
        raise RequestFailed(code) if is_failure else RequestRefused(code)
