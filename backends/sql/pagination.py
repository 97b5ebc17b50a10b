"""Pages: the same keyset logic for every list."""

import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BindParameter,
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
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from backends.sql.dialects import DIALECTS
from backends.sql.schema import NULL_SORT_TIME, SORT_KEY, link_table_of, table_of
from backends.sql.search import TrigramIndex, contains, search_parameters
from backends.sql.statement import CachedStatement, QueryExecutor
from core.entities import ENTITY_TYPES, EntityType
from core.entities.entity_type import SEARCH_KEY
from core.entities.filters import Condition, Operator, values_of
from core.storage import Page, PageRequest, SortKind
from core.storage.pages import SortOrder
from core.text import fold, search_term

E = TypeVar("E")

Values = Mapping[str, Any]
Key = tuple[tuple[str, ...], SortOrder, bool, bool, bool]
"""What makes two pages one statement: which values narrow them, the order, whether they are numbered, whether rows come
before them, and whether they begin behind a cursor.
"""

_PAGE_END: Any = bindparam("page_end")
_COMPARE: Mapping[Operator, Callable[[Any, Any], ColumnElement[bool]]] = {
    Operator.EQUAL: operator.eq,
    Operator.AT_LEAST: operator.ge,
    Operator.AT_MOST: operator.le,
}
_LOW_CARDINALITY = (SortKind.INTEGER, SortKind.NULLABLE_TIME)
_SPLIT_CURSOR = [dialect.name for dialect in DIALECTS.values() if not dialect.can_seek_by_two_columns]
_SEARCH_INDEXES = {dialect.name: dialect.search_index for dialect in DIALECTS.values() if dialect.search_index}


class PagedQuery(Generic[E]):
    """The query behind a list.

    Statements are built once for each combination of filters and order, of which there are finitely many.
    """

    def __init__(
        self,
        query: Select[Any],
        table: Table,
        read: Callable[[Any], E],
        conditions: Mapping[str, ColumnElement[bool]] | None = None,
        union_conditions: Sequence[ColumnElement[bool]] = (),
    ) -> None:
        """``read`` makes an entity of a row; a condition has one parameter, the name under which it is found here.

        Every row meets one of ``union_conditions``, if there are any, and no row meets two. A database would go through
        all such rows for each page; a page of each is read instead, and the first rows of those.
        """
        self._query = query
        self._table = table
        self._read = read
        self._conditions = conditions or {}
        self._union_conditions = union_conditions
        self._pages: dict[Key, CachedStatement] = {}
        self._counts: dict[tuple[str, ...], CachedStatement] = {}

    async def page(self, executor: QueryExecutor, values: Values, page_request: PageRequest) -> Page[E]:
        """The page requested of the rows that ``values`` leave; a numbered one counts them in a further round trip."""
        names = tuple(values)
        found = await executor.rows(self._statement(names, page_request), {**values, **_bounds(page_request)})
        total = None
        if page_request.page is not None:
            total = (await executor.rows(self._count(names), values))[0][0]
        items = [self._read(row) for row in found[: page_request.size]]
        return Page(items, has_more=len(found) > page_request.size, total=total)

    def _statement(self, names: tuple[str, ...], page_request: PageRequest) -> CachedStatement:
        key = (
            names,
            page_request.sort,
            page_request.page is not None,
            page_request.offset > 0,
            page_request.after is not None,
        )
        if key not in self._pages:
            self._pages[key] = statement = CachedStatement(self._build_page(names, page_request))
            if page_request.after is not None and page_request.sort.kind in _LOW_CARDINALITY:
                for dialect in _SPLIT_CURSOR:
                    statement.with_variant(self._build_page(names, page_request, is_split=True), dialect)
            for dialect, index in self._search_indexes(names):
                statement.with_variant(self._build_search(names, page_request, index), dialect)
        return self._pages[key]

    def _build_page(self, names: Sequence[str], page_request: PageRequest, *, is_split: bool = False) -> Select[Any]:
        if page_request.offset and not self._union_conditions:
            return self._deferred_join(names, page_request)
        query, ranges = self._narrow(self._query, names), self._index_ranges(page_request, is_split=is_split)
        order = _order(self._table.c, page_request.sort)
        if len(ranges) < 2:
            return _limit_to_page(query.where(*ranges), order, page_request)
        query = self._with_sort_key(query, page_request.sort)
        return _union([query.where(one).order_by(*order).limit(_PAGE_END) for one in ranges], page_request)

    def _build_search(self, names: Sequence[str], page_request: PageRequest, index: TrigramIndex) -> Select[Any]:
        """As ``_build_page``, where there is an index for the search."""
        sort = page_request.sort
        query = self._with_sort_key(self._narrow(self._query, _without_search(names)), sort)
        ranges = self._index_ranges(page_request, is_split=sort.kind in _LOW_CARDINALITY) or [true()]
        ordered = [query.where(one).order_by(*_order(self._table.c, sort)) for one in ranges]
        return _union(index.parts(query.where(or_(*ranges)), ordered, _PAGE_END), page_request)

    def _with_sort_key(self, query: Select[Any], sort: SortOrder) -> Select[Any]:
        return query.add_columns(_sort_column(self._table.c, sort).label("sort_key"))  # it may be no column yet

    def _index_ranges(self, page_request: PageRequest, *, is_split: bool) -> Sequence[ColumnElement[bool]]:
        """Each row of the page meets just one of these, and each is one range of an index; none for all rows."""
        after = [] if page_request.after is None else _after_cursor(self._table, page_request.sort, is_split=is_split)
        if not (self._union_conditions and after):
            return self._union_conditions or after
        return [and_(*pair) for pair in product(self._union_conditions, after)]

    def _deferred_join(self, names: Sequence[str], page_request: PageRequest) -> Select[Any]:
        """Rows before the page are passed over where an index has them in order; those on the page alone are read.

        The ids stand in a table of their own, because MySQL knows no limit behind IN.
        """
        row_id, order = self._table.c.id, _order(self._table.c, page_request.sort)
        page = _limit_to_page(self._narrow(select(row_id), names), order, page_request).subquery("page")
        return self._query.where(row_id.in_(select(page.c.id))).order_by(*order)

    def _count(self, names: tuple[str, ...]) -> CachedStatement:
        if names not in self._counts:
            query = select(func.count()).select_from(self._table)
            query = query.where(or_(*self._union_conditions)) if self._union_conditions else query
            self._counts[names] = statement = CachedStatement(self._narrow(query, names))
            for dialect, index in self._search_indexes(names):
                statement.with_variant(index.counted(self._narrow(query, _without_search(names))), dialect)
        return self._counts[names]

    def _search_indexes(self, names: Sequence[str]) -> Sequence[tuple[str, TrigramIndex]]:
        """By dialect, the index of the table, if these values say what to look for."""
        return [(name, index(self._table)) for name, index in _SEARCH_INDEXES.items() if "trigrams" in names]

    def _narrow(self, query: Select[Any], names: Sequence[str]) -> Select[Any]:
        return query.where(*(self._conditions[name] for name in names if name in self._conditions))


def conditions_of(entity_type: EntityType[Any]) -> dict[str, ColumnElement[bool]]:
    """The condition of each field of an entity's filter, by its name, which is also that of the parameter."""
    return {condition.name: _condition(entity_type, condition) for condition in entity_type.conditions}


def _condition(entity_type: EntityType[Any], condition: Condition) -> ColumnElement[bool]:
    columns = table_of(entity_type).c
    value: BindParameter[Any] = bindparam(condition.name)
    if condition.operator is Operator.SEARCH:
        return contains(columns[SEARCH_KEY])
    if condition.operator in _COMPARE:
        return _COMPARE[condition.operator](columns[condition.field], value)
    return columns.id.in_(_linked(entity_type, condition, value))


def _linked(entity_type: EntityType[Any], condition: Condition, value: Any) -> Select[Any]:
    """The ids of the entities that are linked to the one with an id or a name."""
    [link] = [link for link in entity_type.links if link.field == condition.field]
    target, links = ENTITY_TYPES.by_plural(link.to), link_table_of(entity_type, link).c
    target_id, query = links[f"{target.name}_id"], select(links[f"{entity_type.name}_id"])
    if condition.operator is Operator.LINKED_ID:
        return query.where(target_id == value)
    [key] = [unique.keys[0] for unique in target.unique if unique.is_folded]
    table = table_of(target)
    return query.join(table, table.c.id == target_id).where(table.c[key] == value)


def filter_values(entity_type: EntityType[Any], filter: object) -> dict[str, Any]:
    """The parameters of the conditions that narrow a list; an empty search does not."""
    values: dict[str, Any] = {}
    for condition, value in values_of(filter, entity_type.conditions).items():
        if condition.operator is Operator.SEARCH:
            term = search_term(value)
            values |= search_parameters(term) if term else {}
        else:
            values[condition.name] = fold(value) if condition.operator is Operator.LINKED_NAME else value
    return values


def _without_search(names: Sequence[str]) -> list[str]:
    return [name for name in names if name != "search"]


def _bounds(page_request: PageRequest) -> dict[str, Any]:
    bounds: dict[str, Any] = {"rows": page_request.size + 1, "page_end": page_request.offset + page_request.size + 1}
    if page_request.page is not None:
        bounds["skipped"] = page_request.offset
    if page_request.after is not None:
        bounds["last_value"], bounds["last_id"] = page_request.after
        if page_request.sort.kind is SortKind.NULLABLE_TIME:
            bounds["last_value"] = page_request.after[0] or NULL_SORT_TIME
    return bounds


def _limit_to_page(query: Select[Any], order: Sequence[ColumnElement[Any]], page_request: PageRequest) -> Select[Any]:
    query = query.order_by(*order).limit(bindparam("rows"))
    return query if page_request.page is None else query.offset(bindparam("skipped"))


def _union(parts: Sequence[Select[Any]], page_request: PageRequest) -> Select[Any]:
    """The page of the rows of several queries, none of which has a row of another."""
    union = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return _limit_to_page(select(union), _with_direction(page_request.sort, union.c.sort_key, union.c.id), page_request)


def _order(columns: Any, sort: SortOrder) -> Sequence[ColumnElement[Any]]:
    column = _sort_column(columns, sort)
    # The id would change nothing behind a unique column, and MariaDB sorts all rows for it.
    return _with_direction(sort, *([column] if _is_unique(column) else [column, columns.id]))


def _with_direction(sort: SortOrder, *columns: ColumnElement[Any]) -> Sequence[ColumnElement[Any]]:
    return [column.desc() if sort.descending else column.asc() for column in columns]


def _after_cursor(table: Table, sort: SortOrder, *, is_split: bool) -> list[ColumnElement[bool]]:
    """Rows after the cursor; where they are split, those with the cursor's value apart from the others."""
    column, row_id = _sort_column(table.c, sort), table.c.id
    last_value, last_id = bindparam("last_value", type_=column.type), bindparam("last_id", type_=row_id.type)
    rest = column < last_value if sort.descending else column > last_value
    if _is_unique(column):
        return [rest]
    if is_split:
        return [and_(column == last_value, row_id < last_id if sort.descending else row_id > last_id), rest]
    condition = _AfterCursor(column, row_id, last_value, last_id)
    condition.sign = "<" if sort.descending else ">"
    return [condition]


def _sort_column(columns: Any, sort: SortOrder) -> ColumnElement[Any]:
    column: ColumnElement[Any] = columns[sort.field]
    return columns[column.info[SORT_KEY]] if SORT_KEY in column.info else column


def _is_unique(column: Any) -> bool:
    uniques = (part for part in getattr(column.table, "constraints", ()) if isinstance(part, UniqueConstraint))
    return column.primary_key or any(list(part.columns) == [column] for part in uniques)


class _AfterCursor(FunctionElement[bool]):
    """Whether a column and the id come after a value and an id, both in one direction."""

    # Of no type: what is Boolean is written "... = 1" for databases without that type, and then no index is used.
    inherit_cache = False  # is compiled once anyway
    sign = "<"


@compiles(_AfterCursor)
def _compile_after_cursor(element: _AfterCursor, compiler: SQLCompiler, **options: Any) -> str:
    names = ("column", "id", "value", "last_id")
    words = {name: compiler.process(part, **options) for name, part in zip(names, element.clauses, strict=True)}
    return DIALECTS[compiler.dialect.name].cursor_condition.format(**words, sign=element.sign)
