"""Lists: which entities, in which order, and the page of them that is wanted."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.entities.filters import Condition, Operator, values_of
from core.storage import Page, PageRequest
from core.text import search_term
from stockroom_memory.tables import E, Table

_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.AT_LEAST: operator.ge,
    Operator.AT_MOST: operator.le,
}


def matching(table: Table[E], filter: object) -> list[E]:
    """The entities that a filter leaves; conditions on links are left to their repository."""
    found = list(table.rows.items())
    for condition, value in values_of(filter, table.entity_type.conditions).items():
        if condition.operator is Operator.SEARCH:
            term = search_term(value)
            found = [(key, row) for key, row in found if term in table.search_text(key)]
        elif condition.operator in _COMPARE:
            found = [(key, row) for key, row in found if _matches(row, condition, value)]
    return [row for _, row in found]


def _matches(row: Any, condition: Condition, value: object) -> bool:
    stored = getattr(row, condition.field)
    return stored is not None and _COMPARE[condition.operator](stored, value)


def page(rows: Iterable[E], page_request: PageRequest) -> Page[E]:
    """The page of ``rows`` that is wanted."""
    field, descending = page_request.sort.field, page_request.sort.descending
    if page_request.after is not None:
        last = _sort_key(*page_request.after)
        rows = [row for row in rows if _is_after(_sort_key_of(row, field), last, descending)]
    ordered = sorted(rows, key=lambda row: _sort_key_of(row, field), reverse=descending)
    end = page_request.offset + page_request.size
    total = None if page_request.page is None else len(ordered)
    return Page(ordered[page_request.offset : end], has_more=len(ordered) > end, total=total)


def _sort_key_of(row: Any, field: str) -> tuple[bool, Any, int]:
    return _sort_key(getattr(row, field), row.id)


def _sort_key(value: Any, id: int) -> tuple[bool, Any, int]:
    """A null comes before every value, and the id decides where values are the same."""
    return value is not None, value, id


def _is_after(key: tuple[bool, Any, int], last: tuple[bool, Any, int], descending: bool) -> bool:
    return key < last if descending else key > last
