"""Lists: what is sorted how, and which part of it is shown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.fuzz.model.answers import CURSOR, Answer, invalid
from conformance.fuzz.model.asking import MANDATORY, Given, Parameter, number, truth
from conformance.fuzz.model.checks import Check, text
from conformance.fuzz.model.shop import Row, Shop, shown
from conformance.fuzz.model.values import MAX_STOCK

Show = Callable[[Row], Row]

_ANY: Check = lambda value: value  # noqa: E731
PLACED = {
    "page": Parameter(number(1, MAX_STOCK)),
    "page_size": Parameter(number(1, 100), 20),
    "cursor": Parameter(_ANY),
}
SORTED = PLACED | {"sort": Parameter(_ANY)}
PART = {"page": Parameter(number(1, MAX_STOCK), 1), "page_size": Parameter(number(1, 100), 100)}
FLAG = Parameter(truth)
SEARCH = Parameter(text(0, 200))
PHRASE = Parameter(text(1, 200), MANDATORY)


def listing(shop: Shop, given: Given, rows: Iterable[Row], fields: Sequence[str], show: Show = shown) -> Answer:
    """A page of ``rows`` by number or by cursor.

    ``fields`` can be sorted by, next to ``created_at`` and ``id``; without a choice the first is it.
    """
    known, order = {"created_at", "id", *fields}, "-created_at" if "sort" in given.query else fields[0]
    wanted, cursor = given.query.get("sort"), given.query["cursor"]
    if wanted is not None and wanted.removeprefix("-") not in known:
        return invalid([("sort", "query", "invalid")])
    if cursor is None:
        return _Listing(shop, given, wanted or order, show).numbered(rows)
    if given.query["page"] is not None:
        return invalid([("cursor", "query", "invalid")])
    if not cursor:
        return _Listing(shop, given, wanted or order, show).walked(rows)
    if cursor not in shop.cursors or wanted not in (None, shop.cursors[cursor][0]):
        return invalid([("cursor", "query", "invalid")])
    sort, value, last = shop.cursors[cursor]
    return _Listing(shop, given, sort, show).walked(rows, value, last)


@dataclass(frozen=True, slots=True)
class _Listing:
    shop: Shop
    given: Given
    sort: str
    show: Show

    def numbered(self, rows: Iterable[Row]) -> Answer:
        size, page = self.given.query["page_size"], self.given.query["page"] or 1
        ordered, start = in_order(rows, self.sort), (page - 1) * size
        places = {"total": len(ordered), "page": page, "total_pages": (len(ordered) + size - 1) // size}
        return self._page(ordered[start:], {**places, "has_previous": page > 1})

    def walked(self, rows: Iterable[Row], value: Any = None, last: int | None = None) -> Answer:
        ordered = in_order([row for row in rows if last is None or self._follows(row, value, last)], self.sort)
        return self._page(ordered, {"total": None, "page": None, "total_pages": None, "has_previous": last is not None})

    def _follows(self, row: Row, value: Any, last: int) -> bool:
        field = self.sort.removeprefix("-")
        key, position = _key(row, field), _key({field: value, "id": last}, field)
        return key < position if self.sort.startswith("-") else key > position

    def _page(self, rows: list[Row], places: Row) -> Answer:
        size = self.given.query["page_size"]
        page, more = rows[:size], len(rows) > size
        if more:
            self.shop.learn_cursor((self.sort, page[-1][self.sort.removeprefix("-")], page[-1]["id"]))
        items = [self.show(row) for row in page]
        rest = {"page_size": size, "has_next": more, "next_cursor": CURSOR if more else None}
        return Answer(200, {"items": items, **places, **rest})


def in_order(rows: Iterable[Row], sort: str) -> list[Row]:
    """Rows sorted by a field, then by id, both in one direction."""
    return sorted(rows, key=lambda row: _key(row, sort.removeprefix("-")), reverse=sort.startswith("-"))


def _key(row: Mapping[str, Any], field: str) -> tuple[Any, ...]:
    """Null comes before every value."""
    value = row[field]
    return (value is not None, value if value is not None else 0, row["id"])


def part(given: Given, rows: Iterable[Row]) -> list[Row]:
    """The page, by number, of what belongs to one thing; newest first."""
    size = given.query["page_size"]
    start = (given.query["page"] - 1) * size
    return in_order(rows, "-created_at")[start : start + size]
