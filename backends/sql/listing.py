"""Pages: the same keyset logic for every list."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    union_all,
)

from backends.sql.errors import Rows
from backends.sql.keyset import beyond
from backends.sql.schema import NEVER, SORT_KEYS
from backends.sql.search import Index, indexes, looked_for
from backends.sql.statement import Statement
from core.storage import Page, PageRequest, SortKind
from core.storage.pages import SortOrder
from core.text import search_term, slug_range

E = TypeVar("E")

Values = Mapping[str, Any]
Key = tuple[tuple[str, ...], SortOrder, bool, bool, bool]
"""What makes two pages one statement: which values narrow them, the order, whether they are numbered, whether rows come
before them, and whether they begin behind a cursor.
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
        either: Sequence[ColumnElement[bool]] = (),
    ) -> None:
        """``read`` makes something of a row; a condition has one parameter, the name under which it is found here.

        Every row is under one of ``either``, if there are any, and under no two. A database would go through all such
        rows for each page; it is asked for a page of each instead, and for the first rows of those.
        """
        self._query = query
        self._table = table
        self._read = read
        self._conditions = conditions or {}
        self._either = either
        self._pages: dict[Key, Statement] = {}
        self._counts: dict[tuple[str, ...], Statement] = {}

    async def page(self, rows: Rows, values: Values, page_request: PageRequest) -> Page[E]:
        """The rows that ``values`` leave and that lie in the window; a second round trip counts them all if asked."""
        found = await rows.rows(self._statement(tuple(values), page_request), {**values, **_bounds(page_request)})
        total = None
        if page_request.page is not None:
            total = (await rows.rows(self._count(tuple(values)), values))[0][0]
        items = [self._read(row) for row in found[: page_request.size]]
        return Page(items, has_more=len(found) > page_request.size, total=total)

    def _statement(self, names: tuple[str, ...], page_request: PageRequest) -> Statement:
        key = (
            names,
            page_request.sort,
            page_request.page is not None,
            page_request.offset > 0,
            page_request.after is not None,
        )
        if key not in self._pages:
            self._pages[key] = Statement(self._windowed(names, page_request))
            if page_request.after is not None and page_request.sort.kind in _WITH_MANY_EQUALS:
                # SQLite looks for a row by its first column alone, and would go through all that are equal in it.
                self._pages[key].with_variant(self._windowed(names, page_request, apart=True), "sqlite")
            for database, index in indexes(self._table, names).items():
                self._pages[key].with_variant(self._searched(names, page_request, index), database)
        return self._pages[key]

    def _windowed(self, names: Sequence[str], page_request: PageRequest, *, apart: bool = False) -> Select[Any]:
        if page_request.offset and not self._either:
            return self._far(names, page_request)
        query, ways = self._narrowed(self._query, names), self._ways(page_request, apart=apart)
        order = _order(self._table.c, page_request.sort)
        if len(ways) < 2:
            return _cut(query.where(*ways), order, page_request)
        query = query.add_columns(
            _sorted_by(self._table.c, page_request.sort).label("sort_key")
        )  # it may be no column yet
        return _joined([query.where(way).order_by(*order).limit(_REACH) for way in ways], page_request)

    def _searched(self, names: Sequence[str], page_request: PageRequest, index: Index) -> Select[Any]:
        """As ``_windowed``, where there is an index for the search."""
        query = self._narrowed(self._query, [name for name in names if name != "search"])
        query = query.add_columns(_sorted_by(self._table.c, page_request.sort).label("sort_key"))
        ways = self._ways(page_request, apart=page_request.sort.kind in _WITH_MANY_EQUALS) or [true()]
        ordered = [query.where(way).order_by(*_order(self._table.c, page_request.sort)) for way in ways]
        return _joined(index.parts(query.where(or_(*ways)), ordered, _REACH), page_request)

    def _ways(self, page_request: PageRequest, *, apart: bool) -> Sequence[ColumnElement[bool]]:
        """Each row of the window is under just one of these, and each is one range of an index; none for all rows."""
        behind = [] if page_request.after is None else _behind(self._table, page_request.sort, apart=apart)
        if not (self._either and behind):
            return self._either or behind
        return [and_(*pair) for pair in product(self._either, behind)]

    def _far(self, names: Sequence[str], page_request: PageRequest) -> Select[Any]:
        """Rows before the page are passed over where an index has them in order; those on the page alone are read.

        The ids stand in a table of their own, because MySQL knows no limit behind IN.
        """
        row_id, order = self._table.c.id, _order(self._table.c, page_request.sort)
        page = _cut(self._narrowed(select(row_id), names), order, page_request).subquery("page")
        return self._query.where(row_id.in_(select(page.c.id))).order_by(*order)

    def _count(self, names: tuple[str, ...]) -> Statement:
        if names not in self._counts:
            query = select(func.count()).select_from(self._table)
            query = query.where(or_(*self._either)) if self._either else query
            self._counts[names] = Statement(self._narrowed(query, names))
            for database, index in indexes(self._table, names).items():
                others = self._narrowed(query, [name for name in names if name != "search"])
                self._counts[names].with_variant(index.counted(others), database)
        return self._counts[names]

    def _narrowed(self, query: Select[Any], names: Sequence[str]) -> Select[Any]:
        return query.where(*(self._conditions[name] for name in names if name in self._conditions))


def _bounds(page_request: PageRequest) -> dict[str, Any]:
    bounds: dict[str, Any] = {"rows": page_request.size + 1, "reach": page_request.offset + page_request.size + 1}
    if page_request.page is not None:
        bounds["skipped"] = page_request.offset
    if page_request.after is not None:
        bounds["last_value"], bounds["last_id"] = page_request.after
        if page_request.sort.kind is SortKind.NULLABLE_TIME:
            bounds["last_value"] = page_request.after[0] or NEVER
    return bounds


def _cut(query: Select[Any], order: Sequence[ColumnElement[Any]], page_request: PageRequest) -> Select[Any]:
    query = query.order_by(*order).limit(bindparam("rows"))
    return query if page_request.page is None else query.offset(bindparam("skipped"))


def _joined(parts: Sequence[Select[Any]], page_request: PageRequest) -> Select[Any]:
    """The page_request onto the rows of several queries, none of which has a row of another."""
    joined = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return _cut(select(joined), _directed(page_request.sort, joined.c.sort_key, joined.c.id), page_request)


def _order(columns: Any, sort: SortOrder) -> Sequence[ColumnElement[Any]]:
    column = _sorted_by(columns, sort)
    # The id would change nothing behind a column without equals, and MariaDB sorts all rows for it.
    return _directed(sort, *([column] if _has_no_equals(column) else [column, columns.id]))


def _directed(sort: SortOrder, *columns: ColumnElement[Any]) -> Sequence[ColumnElement[Any]]:
    return [column.desc() if sort.descending else column.asc() for column in columns]


def _behind(table: Table, sort: SortOrder, *, apart: bool) -> list[ColumnElement[bool]]:
    """Rows behind the cursor; those with the cursor's value ``apart`` from the others, or all in one."""
    column, row_id = _sorted_by(table.c, sort), table.c.id
    last_value, last_id = bindparam("last_value", type_=column.type), bindparam("last_id", type_=row_id.type)
    rest = column < last_value if sort.descending else column > last_value
    if _has_no_equals(column):
        return [rest]
    if apart:
        return [and_(column == last_value, row_id < last_id if sort.descending else row_id > last_id), rest]
    return [beyond(column, row_id, last_value, last_id, descending=sort.descending)]


_REACH: Any = bindparam("reach")
_WITH_MANY_EQUALS = (SortKind.INTEGER, SortKind.NULLABLE_TIME)


def _sorted_by(columns: Any, sort: SortOrder) -> ColumnElement[Any]:
    found: ColumnElement[Any] = columns[SORT_KEYS.get(sort.field, sort.field)]
    return found


def _has_no_equals(column: Any) -> bool:
    uniques = (part for part in getattr(column.table, "constraints", ()) if isinstance(part, UniqueConstraint))
    return column.primary_key or any(list(part.columns) == [column] for part in uniques)


def given(search: str | None = None, **values: Any) -> dict[str, Any]:
    """The values that narrow a list: those that are not None, and what is searched for, folded, if that is anything."""
    narrowing = {name: value for name, value in values.items() if value is not None}
    term = search_term(search or "")
    if term:
        narrowing |= looked_for(term)
    return narrowing


async def existing_slugs(rows: Rows, slug: ColumnElement[str], bases: Sequence[str]) -> set[str]:
    """Of the stored slugs, those that are one of ``bases`` or a numbered sibling; one round trip.

    A union of queries: a thousand conditions in one are deeper than SQLite parses, and SQLAlchemy undoes any nesting.
    """
    ranges = [and_(slug >= low, slug < high) for low, high in map(slug_range, bases)]
    queries = [select(slug).where(or_(*ranges[start : start + _GROUP])) for start in range(0, len(ranges), _GROUP)]
    return {row[0] for row in await rows.rows(union_all(*queries))} if queries else set()


_GROUP = 40
