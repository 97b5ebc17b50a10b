"""Every list of the API, with each set of its filters, in each of its orders: as the API document has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI

from conformance.dataset import Dataset
from conformance.shop import Shop

WINDOW = {"sort", "page", "page_size", "cursor"}


@dataclass(frozen=True)
class Listed:
    """A list, narrowed and ordered.

    Attributes:
        url: with its query.
        narrowed: it has a filter, or is of one parent alone.
    """

    url: str
    narrowed: bool

    async def walk(self, shop: Shop) -> None:
        """Ask for a page by number, for the first by cursor, and for the one behind it."""
        await shop.get(f"{self.url}&page=2")
        first = await shop.get(f"{self.url}&cursor=")
        if first["next_cursor"]:
            await shop.get(f"{self.url}&cursor={first['next_cursor']}")


def listed(app: FastAPI, scene: Dataset) -> Iterator[Listed]:
    """All there are. An unknown parameter is a KeyError: then it is to be added here."""
    for path, item in app.openapi()["paths"].items():
        parameters = {given["name"]: given for given in item.get("get", {}).get("parameters", [])}
        if "cursor" in parameters:
            whole = path.format(**_ids(path, scene))
            filters = [name for name, given in parameters.items() if given["in"] == "query" and name not in WINDOW]
            required = {name for name in filters if parameters[name].get("required")}
            orders = parameters.get("sort", {}).get("schema", {}).get("enum", [None])
            for chosen in _subsets(filters):
                if required <= set(chosen):
                    query = {name: _values(path, scene)[name] for name in chosen} | {"page_size": 3}
                    for order in orders:
                        asked = query | ({"sort": order} if order else {})
                        yield Listed(f"{whole}?{urlencode(asked)}", narrowed=bool(chosen) or whole != path)


def offered(app: FastAPI) -> set[frozenset[str]]:
    """The sets of fields that lists can be sorted by."""
    gets = [item["get"] for item in app.openapi()["paths"].values() if "get" in item]
    sorts = [given for get in gets for given in get.get("parameters", []) if given["name"] == "sort"]
    return {frozenset(order.removeprefix("-") for order in given["schema"]["enum"]) for given in sorts}


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, count) for count in range(len(names) + 1))


def _ids(path: str, scene: Dataset) -> dict[str, int]:
    parents = {"users": scene.user, "tags": scene.tag, "accounts": scene.account}
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
        "status": {"orders": "pending", "posts": "draft"}.get(path.split("/")[1]),
        "threshold": "20000",
    }
