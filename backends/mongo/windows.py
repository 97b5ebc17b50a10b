"""Lists: the filter, order and page of a page_request, the same for every collection."""

import re
from collections.abc import Set
from typing import Any, TypeVar

from backends.mongo.collection import Collection, Filter, Order
from backends.mongo.shape import Shape
from core.storage import Page, PageRequest, SortKind
from core.text import search_term

E = TypeVar("E")


async def page(collection: Collection, filter: Filter, page_request: PageRequest, shape: Shape[E]) -> Page[E]:
    """The entities under ``filter`` that lie in the window; a round trip before counts them if asked.

    Behind the last there is nothing to look for, which for a search that finds nothing would take longest.
    """
    total = None if page_request.page is None else await collection.count(filter)
    if total is not None and total <= page_request.offset:
        return Page([], has_more=False, total=total)
    found = await collection.find(
        _beyond(filter, page_request),
        shape.projection,
        order=_order(page_request, shape.distinct),
        skip=page_request.offset,
        limit=page_request.size + 1,
        index=_index(filter, page_request, shape),
    )
    items = [shape.read(document) for document in found[: page_request.size]]
    return Page(items, has_more=len(found) > page_request.size, total=total)


def _index(filter: Filter, page_request: PageRequest, shape: Shape[Any]) -> str | None:
    """The index that holds what is wanted in the order wanted, where one surely does.

    The server tries its indexes against each other, and takes the first that yields something. Far into a list none
    does in the time of the trial; then it may take one for which it must read every document passed over.
    """
    if len(filter) == 1 and filter.keys() <= shape.listed and page_request.sort.field == "created_at":
        return f"{next(iter(filter))}_created_at__id"
    return None


def _order(page_request: PageRequest, distinct: Set[str]) -> Order:
    """The sort field and the id, in one direction. Where no two values are equal, the id would decide nothing."""
    direction = -1 if page_request.sort.descending else 1
    keys = [_key(page_request)] if page_request.sort.field in distinct else dict.fromkeys([_key(page_request), "_id"])
    return [(key, direction) for key in keys]


def _key(page_request: PageRequest) -> str:
    return "_id" if page_request.sort.field == "id" else page_request.sort.field


def _beyond(filter: Filter, page_request: PageRequest) -> Filter:
    """``filter`` and what lies behind the cursor. A null sorts before every value, and no comparison finds it."""
    if page_request.after is None:
        return filter
    key, (value, last) = _key(page_request), page_request.after
    beyond = "$lt" if page_request.sort.descending else "$gt"
    if key == "_id":
        return {"$and": [filter, {"_id": {beyond: last}}]}
    tied = {key: value, "_id": {beyond: last}}
    branches: list[Filter] = [tied]
    if value is not None:
        branches.append({key: {beyond: value}})
    if page_request.sort.kind is SortKind.NULLABLE_TIME and (value is None) is not page_request.sort.descending:
        branches.append({key: {"$ne": None} if value is None else None})
    behind: dict[str, Any] = {"$or": branches}
    if page_request.sort.kind is not SortKind.NULLABLE_TIME:
        behind[key] = {f"{beyond}e": value}  # where the index begins, whatever becomes of the alternatives
    return {"$and": [filter, behind]}


def contains(query: str | None) -> dict[str, Any]:
    """The condition that a search key holds a query, both folded; none where nothing is searched for.

    No index serves it: a substring may begin anywhere.
    """
    term = search_term(query or "")
    return {"search_key": {"$regex": re.escape(term)}} if term else {}


def equal(**fields: Any) -> dict[str, Any]:
    """The condition that fields have values; None does not narrow."""
    return {name: value for name, value in fields.items() if value is not None}
