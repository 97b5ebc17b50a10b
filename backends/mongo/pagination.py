"""Pagination: the filter, the order and the page of a list, the same for every collection."""

import re
from collections.abc import Set
from enum import Enum
from typing import Any, TypeVar

from backends.mongo.collection import Collection, Filter, SortKeys
from backends.mongo.indexes import index_name
from backends.mongo.mapper import DocumentMapper
from core.entities import EntityType
from core.entities.entity_type import SEARCH_KEY
from core.entities.filters import Condition, Operator, values_of
from core.storage import Page, PageRequest, SortKind
from core.text import fold, search_term

E = TypeVar("E")


async def fetch_page(
    collection: Collection, filter: Filter, page_request: PageRequest, mapper: DocumentMapper[E]
) -> Page[E]:
    """The page of the entities that match; two round trips by page number, which count first, and one by cursor.

    A page beyond the last needs no second one; for a search without hits that would be the slowest query.
    """
    total = None if page_request.page is None else await collection.count(filter)
    if total is not None and total <= page_request.offset:
        return Page([], has_more=False, total=total)
    found = await collection.find(
        _after_cursor(filter, page_request),
        mapper.projection,
        order=_sort_keys(page_request, mapper.unique_sorts),
        skip=page_request.offset,
        limit=page_request.size + 1,
        index=_choose_index(filter, page_request, mapper),
    )
    items = [mapper.to_entity(document) for document in found[: page_request.size]]
    return Page(items, has_more=len(found) > page_request.size, total=total)


def _choose_index(filter: Filter, page_request: PageRequest, mapper: DocumentMapper[Any]) -> str | None:
    """The index that holds the filtered documents in their order, where one surely does.

    The server tries its indexes against each other and takes the first that yields results. Far into a list none does
    within the trial, and it may take one for which it must read every document before the page.
    """
    if len(filter) == 1 and filter.keys() <= mapper.filter_indexes and page_request.sort.field == "created_at":
        return index_name(next(iter(filter)), "created_at", "_id")
    return None


def _sort_keys(page_request: PageRequest, unique_sorts: Set[str]) -> SortKeys:
    """The sort key and the id, in one direction. Behind a unique key the id would decide nothing."""
    direction = -1 if page_request.sort.descending else 1
    key = _sort_key(page_request)
    keys = [key] if page_request.sort.field in unique_sorts else dict.fromkeys([key, "_id"])
    return [(key, direction) for key in keys]


def _sort_key(page_request: PageRequest) -> str:
    return "_id" if page_request.sort.field == "id" else page_request.sort.field


def _after_cursor(filter: Filter, page_request: PageRequest) -> Filter:
    """``filter``, and a position after the cursor. A null sorts before every value, and no comparison finds it."""
    if page_request.after is None:
        return filter
    key, (value, last_id) = _sort_key(page_request), page_request.after
    beyond = "$lt" if page_request.sort.descending else "$gt"
    if key == "_id":
        return {"$and": [filter, {"_id": {beyond: last_id}}]}
    branches: list[Filter] = [{key: value, "_id": {beyond: last_id}}]
    if value is not None:
        branches.append({key: {beyond: value}})
    if page_request.sort.kind is SortKind.NULLABLE_TIME and (value is None) is not page_request.sort.descending:
        branches.append({key: {"$ne": None} if value is None else None})
    after: dict[str, Any] = {"$or": branches}
    if page_request.sort.kind is not SortKind.NULLABLE_TIME:
        after[key] = {f"{beyond}e": value}  # where the index scan begins, whatever the plan makes of the branches
    return {"$and": [filter, after]}


def build_filter(entity_type: EntityType[Any], filter: object) -> dict[str, Any]:
    """The conditions that narrow a list of an entity; an empty search does not. No index serves a search."""
    narrowed: dict[str, Any] = {}
    for condition, value in values_of(filter, entity_type.conditions).items():
        key, test = _condition(condition, value)
        if isinstance(test, dict):
            narrowed.setdefault(key, {}).update(test)
        else:
            narrowed[key] = test
    return {key: test for key, test in narrowed.items() if test != {}}


def _condition(condition: Condition, value: Any) -> tuple[str, Any]:
    match condition.operator:
        case Operator.AT_LEAST:
            return condition.field, {"$gte": value}
        case Operator.AT_MOST:
            return condition.field, {"$lte": value}
        case Operator.LINKED_ID:
            return f"{condition.field}.id", value
        case Operator.LINKED_NAME:
            return f"{condition.field}.key", fold(value)
        case Operator.SEARCH:
            term = search_term(value)
            return SEARCH_KEY, {"$regex": re.escape(term)} if term else {}
    return condition.field, value.value if isinstance(value, Enum) else value
