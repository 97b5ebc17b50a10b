"""Lists: which rows, in which order, and the part of them that is wanted."""

from collections.abc import Iterable
from typing import Any

from core.storage import Page, PageRequest
from core.text import search_term
from stockroom_memory.table import R, Table


def matching(table: Table[R], search: str | None = None, **fields: object) -> list[R]:
    """Rows whose text holds ``search`` and whose ``fields`` have these values; None does not narrow."""
    term = search_term(search or "")
    wanted = {name: value for name, value in fields.items() if value is not None}
    return [
        row
        for key, row in table.rows.items()
        if term in table.texts[key] and all(getattr(row, name) == value for name, value in wanted.items())
    ]


def page(rows: Iterable[R], page_request: PageRequest) -> Page[R]:
    """The part of ``rows`` that lies in the window."""
    field, descending = page_request.sort.field, page_request.sort.descending
    if page_request.after is not None:
        end = _place(*page_request.after)
        rows = [row for row in rows if _beyond(_place(getattr(row, field), row.id), end, descending)]
    ordered = sorted(rows, key=lambda row: _place(getattr(row, field), row.id), reverse=descending)
    found = ordered[page_request.offset : page_request.offset + page_request.size]
    total = None if page_request.page is None else len(ordered)
    return Page(found, has_more=len(ordered) > page_request.offset + page_request.size, total=total)


def _place(value: Any, id: int) -> tuple[bool, Any, int]:
    """What rows are ordered by: null before every value, and the id where values are the same."""
    return value is not None, value, id


def _beyond(place: tuple[bool, Any, int], end: tuple[bool, Any, int], descending: bool) -> bool:
    return place < end if descending else place > end
