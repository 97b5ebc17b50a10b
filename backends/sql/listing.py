"""Pages: the same keyset logic for every list."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, func, or_, select, union_all

from backends.sql.errors import Rows
from backends.sql.keyset import beyond
from backends.sql.nulls import nulls_lowest
from backends.sql.statement import Statement
from core.storage import Page, SortKind, Window
from core.storage.pages import Sort
from core.text import search_term, slug_range

E = TypeVar("E")

Values = Mapping[str, Any]
Key = tuple[tuple[str, ...], Sort, bool, bool | None]
"""What makes two pages one statement: which values narrow them, the order, whether they are numbered, and whether the
value behind which they begin is null (None: they begin at the start).
"""


class Source(Generic[E]):
    """Where the rows of a list come from.

    Statements are built once for each combination of filters and order, of which there are finitely many.
    """

    def __init__(
        self,
        query: Select[Any],
        table: Table,
        read: Callable[[Any], E],
        conditions: Mapping[str, ColumnElement[bool]] | None = None,
    ) -> None:
        """``read`` makes something of a row; a condition has one parameter, the name under which it is found here."""
        self._query = query
        self._table = table
        self._read = read
        self._conditions = conditions or {}
        self._pages: dict[Key, Statement] = {}
        self._counts: dict[tuple[str, ...], Statement] = {}

    async def page(self, rows: Rows, values: Values, window: Window) -> Page[E]:
        """The rows that ``values`` leave and that lie in the window; a second round trip counts them all if asked."""
        found = await rows.rows(self._statement(tuple(values), window), {**values, **_bounds(window)})
        total = None
        if window.page is not None:
            total = (await rows.rows(self._count(tuple(values)), values))[0][0]
        items = [self._read(row) for row in found[: window.size]]
        return Page(items, has_more=len(found) > window.size, total=total)

    def _statement(self, names: tuple[str, ...], window: Window) -> Statement:
        key = names, window.sort, window.page is not None, None if window.after is None else window.after[0] is None
        if key not in self._pages:
            self._pages[key] = Statement(_windowed(self._narrowed(self._query, names), self._table, window))
        return self._pages[key]

    def _count(self, names: tuple[str, ...]) -> Statement:
        if names not in self._counts:
            query = select(func.count()).select_from(self._table)
            self._counts[names] = Statement(self._narrowed(query, names))
        return self._counts[names]

    def _narrowed(self, query: Select[Any], names: Sequence[str]) -> Select[Any]:
        return query.where(*(self._conditions[name] for name in names))


def _bounds(window: Window) -> dict[str, Any]:
    bounds: dict[str, Any] = {"rows": window.size + 1}
    if window.page is not None:
        bounds["skipped"] = window.offset
    if window.after is not None:
        bounds["last_value"], bounds["last_id"] = window.after
    return bounds


def _windowed(query: Select[Any], table: Table, window: Window) -> Select[Any]:
    column, row_id = table.c[window.sort.field], table.c.id
    if window.after is not None:
        query = query.where(_beyond(column, row_id, window))
    descending = window.sort.descending
    order: list[ColumnElement[Any]] = [column.desc(), row_id.desc()] if descending else [column.asc(), row_id.asc()]
    if window.sort.kind is SortKind.NULLABLE_TIME:
        order[0] = nulls_lowest(column, descending=descending)
    query = query.order_by(*order).limit(bindparam("rows"))
    return query if window.page is None else query.offset(bindparam("skipped"))


def _beyond(column: ColumnElement[Any], row_id: ColumnElement[int], window: Window) -> ColumnElement[bool]:
    """Rows behind the cursor. A null sorts before every value."""
    assert window.after is not None  # noqa: S101 - the caller looked
    descending = window.sort.descending
    last_id = bindparam("last_id", type_=row_id.type)
    if window.after[0] is None:
        same = and_(column.is_(None), row_id < last_id if descending else row_id > last_id)
        return same if descending else or_(same, column.is_not(None))
    reachable = beyond(column, row_id, bindparam("last_value", type_=column.type), last_id, descending=descending)
    nulls_follow = descending and window.sort.kind is SortKind.NULLABLE_TIME
    return or_(reachable, column.is_(None)) if nulls_follow else reachable


def contains(key: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a search key holds the value ``search``; see ``given``."""
    return key.contains(bindparam("search"), escape="/")


def given(search: str | None = None, **values: Any) -> dict[str, Any]:
    """The values that narrow a list: those that are not None, and what is searched for, folded, if that is anything."""
    narrowing = {name: value for name, value in values.items() if value is not None}
    term = search_term(search or "")
    if term:
        narrowing["search"] = term.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return narrowing


async def taken_slugs(rows: Rows, slug: ColumnElement[str], bases: Sequence[str]) -> set[str]:
    """Of the stored slugs, those that are one of ``bases`` or a numbered sibling; one round trip.

    A union of queries: a thousand conditions in one are deeper than SQLite parses, and SQLAlchemy undoes any nesting.
    """
    ranges = [and_(slug >= low, slug < high) for low, high in map(slug_range, bases)]
    queries = [select(slug).where(or_(*ranges[start : start + _GROUP])) for start in range(0, len(ranges), _GROUP)]
    return {row[0] for row in await rows.rows(union_all(*queries))} if queries else set()


_GROUP = 40
