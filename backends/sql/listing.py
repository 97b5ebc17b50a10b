"""Pages: the same keyset logic for every list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, union_all

from backends.sql.errors import Rows
from backends.sql.nulls import nulls_lowest
from core.storage import Page, SortKind, Window
from core.text import search_term, slug_range

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Source(Generic[E]):
    """Where the rows of a list come from: the query without conditions, its table, and what becomes of a row."""

    query: Select[Any]
    table: Table
    read: Callable[[Any], E]

    async def page(self, rows: Rows, conditions: Sequence[ColumnElement[bool]], window: Window) -> Page[E]:
        """The rows under ``conditions`` that lie in the window; a second round trip counts them all if asked."""
        found = await rows.rows(_windowed(self.query.where(*conditions), self.table, window))
        total = None
        if window.page is not None:
            counted = await rows.rows(select(func.count()).select_from(self.table).where(*conditions))
            total = counted[0][0]
        items = [self.read(row) for row in found[: window.size]]
        return Page(items, has_more=len(found) > window.size, total=total)


def _windowed(query: Select[Any], table: Table, window: Window) -> Select[Any]:
    column, row_id = table.c[window.sort.field], table.c.id
    if window.after is not None:
        query = query.where(_beyond(column, row_id, window))
    descending = window.sort.descending
    order: list[ColumnElement[Any]] = [column.desc(), row_id.desc()] if descending else [column.asc(), row_id.asc()]
    if window.sort.kind is SortKind.NULLABLE_TIME:
        order[0] = nulls_lowest(column, descending=descending)
    return query.order_by(*order).limit(window.size + 1).offset(window.offset or None)


def _beyond(column: ColumnElement[Any], row_id: ColumnElement[int], window: Window) -> ColumnElement[bool]:
    """Rows behind the cursor. A null sorts before every value."""
    assert window.after is not None  # noqa: S101 - the caller looked
    value, last_id = window.after
    descending = window.sort.descending
    further_id = row_id < last_id if descending else row_id > last_id
    if value is None:
        same = and_(column.is_(None), further_id)
        return same if descending else or_(same, column.is_not(None))
    beyond = column < value if descending else column > value
    reachable = or_(beyond, and_(column == value, further_id))
    nulls_follow = descending and window.sort.kind is SortKind.NULLABLE_TIME
    return or_(reachable, column.is_(None)) if nulls_follow else reachable


def contains(key: ColumnElement[str], query: str | None) -> list[ColumnElement[bool]]:
    """The condition that a search key holds a query, both folded; none where nothing is searched for."""
    term = search_term(query or "")
    return [key.contains(term, autoescape=True)] if term else []


async def taken_slugs(rows: Rows, slug: ColumnElement[str], bases: Sequence[str]) -> set[str]:
    """Of the stored slugs, those that are one of ``bases`` or a numbered sibling; one round trip.

    A union of queries: a thousand conditions in one are deeper than SQLite parses, and SQLAlchemy undoes any nesting.
    """
    ranges = [and_(slug >= low, slug < high) for low, high in map(slug_range, bases)]
    queries = [select(slug).where(or_(*ranges[start : start + _GROUP])) for start in range(0, len(ranges), _GROUP)]
    return {row[0] for row in await rows.rows(union_all(*queries))} if queries else set()


_GROUP = 40
