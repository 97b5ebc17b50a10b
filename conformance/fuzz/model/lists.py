"""Lists: sorting and pagination."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.fuzz.model.checks import Check, text
from conformance.fuzz.model.requests import MANDATORY, Parameter, Request, boolean_text, integer_text
from conformance.fuzz.model.responses import ANY_CURSOR, Response, invalid
from conformance.fuzz.model.shop import Record, ShopModel, to_json
from conformance.fuzz.model.values import MAX_STOCK

ToJson = Callable[[Record], Record]

_ANY: Check = lambda value: value  # noqa: E731
PAGE_PARAMETERS = {
    "page": Parameter(integer_text(1, MAX_STOCK)),
    "page_size": Parameter(integer_text(1, 100), 20),
    "cursor": Parameter(_ANY),
}
LIST_PARAMETERS = PAGE_PARAMETERS | {"sort": Parameter(_ANY)}
SUBLIST_PARAMETERS = {
    "page": Parameter(integer_text(1, MAX_STOCK), 1),
    "page_size": Parameter(integer_text(1, 100), 100),
}
BOOLEAN = Parameter(boolean_text)
SEARCH = Parameter(text(0, 200))
REQUIRED_SEARCH = Parameter(text(1, 200), MANDATORY)


def list_page(
    shop: ShopModel, request: Request, rows: Iterable[Record], fields: Sequence[str], render: ToJson = to_json
) -> Response:
    """A page of ``rows`` by number or by cursor.

    ``fields`` are sortable, like ``created_at`` and ``id``; the first is the default of a list without ``sort``.
    """
    known, order = {"created_at", "id", *fields}, "-created_at" if "sort" in request.query else fields[0]
    wanted, cursor = request.query.get("sort"), request.query["cursor"]
    if wanted is not None and wanted.removeprefix("-") not in known:
        return invalid([("sort", "query", "invalid")])
    if cursor is None:
        return _ListPage(shop, request, wanted or order, render).by_number(rows)
    if request.query["page"] is not None:
        return invalid([("cursor", "query", "invalid")])
    if not cursor:
        return _ListPage(shop, request, wanted or order, render).by_cursor(rows)
    if cursor not in shop.cursors or wanted not in (None, shop.cursors[cursor][0]):
        return invalid([("cursor", "query", "invalid")])
    sort, value, last = shop.cursors[cursor]
    return _ListPage(shop, request, sort, render).by_cursor(rows, value, last)


@dataclass(frozen=True, slots=True)
class _ListPage:
    shop: ShopModel
    request: Request
    sort: str
    render: ToJson

    def by_number(self, rows: Iterable[Record]) -> Response:
        size, page = self.request.query["page_size"], self.request.query["page"] or 1
        ordered, start = sort_rows(rows, self.sort), (page - 1) * size
        position = {"total": len(ordered), "page": page, "total_pages": (len(ordered) + size - 1) // size}
        return self._page(ordered[start:], {**position, "has_previous": page > 1})

    def by_cursor(self, rows: Iterable[Record], value: Any = None, last: int | None = None) -> Response:
        ordered = sort_rows([row for row in rows if last is None or self._follows(row, value, last)], self.sort)
        return self._page(ordered, {"total": None, "page": None, "total_pages": None, "has_previous": last is not None})

    def _follows(self, row: Record, value: Any, last: int) -> bool:
        field = self.sort.removeprefix("-")
        key, position = _key(row, field), _key({field: value, "id": last}, field)
        return key < position if self.sort.startswith("-") else key > position

    def _page(self, rows: list[Record], position: Record) -> Response:
        size = self.request.query["page_size"]
        page, more = rows[:size], len(rows) > size
        if more:
            self.shop.learn_cursor((self.sort, page[-1][self.sort.removeprefix("-")], page[-1]["id"]))
        items = [self.render(row) for row in page]
        rest = {"page_size": size, "has_next": more, "next_cursor": ANY_CURSOR if more else None}
        return Response(200, {"items": items, **position, **rest})


def sort_rows(rows: Iterable[Record], sort: str) -> list[Record]:
    """Rows sorted by a field, then by id, both in one direction."""
    return sorted(rows, key=lambda row: _key(row, sort.removeprefix("-")), reverse=sort.startswith("-"))


def _key(row: Mapping[str, Any], field: str) -> tuple[Any, ...]:
    """The sort key of a row: null comes before every value."""
    value = row[field]
    return (value is not None, value if value is not None else 0, row["id"])


def sublist(request: Request, rows: Iterable[Record]) -> list[Record]:
    """A page by number of the rows below one entity, newest first."""
    size = request.query["page_size"]
    start = (request.query["page"] - 1) * size
    return sort_rows(rows, "-created_at")[start : start + size]
