"""Requests for every list of the API, with each set of its filters, in each of its orders, from the API document."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI

from conformance.dataset import Dataset
from conformance.shop import Shop

PAGE_PARAMETERS = {"sort", "page", "page_size", "cursor"}


@dataclass(frozen=True)
class ListRequest:
    """A list with filters and an order.

    Attributes:
        url: with its query.
        is_narrowed: it has a filter, or is the list of one parent.
    """

    url: str
    is_narrowed: bool

    async def walk(self, shop: Shop) -> None:
        """Request a page by number, the first by cursor, and the next by cursor."""
        await shop.get(f"{self.url}&page=2")
        first = await shop.get(f"{self.url}&cursor=")
        if first["next_cursor"]:
            await shop.get(f"{self.url}&cursor={first['next_cursor']}")


def list_requests(app: FastAPI, scene: Dataset) -> Iterator[ListRequest]:
    """Every combination. A KeyError means a parameter that ``_values`` does not know yet."""
    for path, item in app.openapi()["paths"].items():
        parameters = {given["name"]: given for given in item.get("get", {}).get("parameters", [])}
        if "cursor" in parameters:
            whole = path.format(**_ids(path, scene))
            query_names = [name for name, given in parameters.items() if given["in"] == "query"]
            filters = [name for name in query_names if name not in PAGE_PARAMETERS]
            required = {name for name in filters if parameters[name].get("required")}
            orders = parameters.get("sort", {}).get("schema", {}).get("enum", [None])
            for chosen in _subsets(filters):
                if required <= set(chosen):
                    query = {name: _values(path, scene)[name] for name in chosen} | {"page_size": 3}
                    for order in orders:
                        sorted_query = query | ({"sort": order} if order else {})
                        is_narrowed = bool(chosen) or whole != path
                        yield ListRequest(f"{whole}?{urlencode(sorted_query)}", is_narrowed)


def sort_fields(app: FastAPI) -> set[frozenset[str]]:
    """The sets of fields that lists can be sorted by."""
    gets = [item["get"] for item in app.openapi()["paths"].values() if "get" in item]
    sorts = [given for get in gets for given in get.get("parameters", []) if given["name"] == "sort"]
    return {frozenset(order.removeprefix("-") for order in given["schema"]["enum"]) for given in sorts}


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, count) for count in range(len(names) + 1))


def _ids(path: str, scene: Dataset) -> dict[str, int]:
    parents = {"users": scene.user, "tags": scene.tag, "accounts": scene.account, "orders": {"id": 1}}
    return {"id": parents.get(path.split("/")[1], {}).get("id", 0), "user_id": scene.user["id"]}


def _values(path: str, scene: Dataset) -> dict[str, Any]:
    return {
        "is_active": "true",
        "search": "e",
        "q": "e",
        "author_id": scene.user["id"],
        "tag": scene.tag["name"],
        "category_id": scene.category["id"],
        "min_price": "1",
        "max_price": "100",
        "user_id": scene.user["id"],
        "status": {"orders": "pending", "posts": "draft", "payments": "completed"}.get(path.split("/")[1]),
        "threshold": "20000",
        "order_id": 1,
        "account_id": scene.account["id"],
    }
