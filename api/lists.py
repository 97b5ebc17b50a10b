"""Lists over HTTP: the envelope they come in, and the parameters that choose a part of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import Field

from api.parameters import FromText
from core.errors import ValidationFailed
from core.storage import Page, PageRequest, SortOrder
from core.storage.pages import Sorts, decode_cursor, encode_cursor
from core.storage.sorts import NEWEST_FIRST

E = TypeVar("E")

MAX_PAGE = 2_147_483_647
"""Highest page number: a hundred rows on each still make an offset that every database can count to."""

PageNumber = Annotated[int, Field(ge=1, le=MAX_PAGE), FromText]
PageSize = Annotated[int, Field(ge=1, le=100), FromText, Query(description="Rows on a page.")]
_PAGE = "Number of the page; the first is 1."


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[E]):
    """One page of a list.

    Attributes:
        items: the rows of the page.
        total: rows in all; null when walking by cursor.
        page: number of the page; null when walking by cursor.
        page_size: rows on a page at most.
        total_pages: pages in all; null when walking by cursor.
        has_next: whether rows follow.
        has_previous: whether rows come before.
        next_cursor: what to send as ``cursor`` for the rows that follow; null where none do.
    """

    items: list[E]
    total: int | None
    page: int | None
    page_size: int
    total_pages: int | None
    has_next: bool
    has_previous: bool
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[E], page_request: PageRequest) -> "Listing[E]":
        """The envelope of what storage found in ``page_request``."""
        return cls(
            items=page.items,
            total=page.total,
            page=page_request.page,
            page_size=page_request.size,
            total_pages=None if page.total is None else -(-page.total // page_request.size),
            has_next=page.has_more,
            has_previous=page_request.offset > 0 or page_request.after is not None,
            next_cursor=encode_cursor(page_request.sort, page.items[-1]) if page.has_more and page.items else None,
        )


@dataclass(frozen=True, slots=True)
class Position:
    """Where a client wants to be in a list: at a page, or behind a cursor; an empty cursor is the start."""

    page: int | None
    size: int
    cursor: str | None

    def page_request(self, wanted: SortOrder | None, sorts: Sorts) -> PageRequest:
        """The page_request at this position of a list sorted as ``wanted``, newest first where nothing is.

        Raises:
            ValidationFailed: page and cursor exclude each other, or the cursor belongs to another list or order.
        """
        if self.cursor is None:
            return PageRequest(wanted or NEWEST_FIRST, self.size, self.page or 1)
        if self.page is not None:
            raise ValidationFailed("cursor", "cannot be combined with page")
        if not self.cursor:
            return PageRequest(wanted or NEWEST_FIRST, self.size, page=None)
        sort, after = decode_cursor(self.cursor, sorts)
        if wanted not in (None, sort):
            raise ValidationFailed("cursor", f"continues a list that is sorted by {sort}")
        return PageRequest(sort, self.size, page=None, after=after)


async def _position(
    page: Annotated[PageNumber | None, Query(description=_PAGE)] = None,
    page_size: PageSize = 20,
    cursor: Annotated[
        str | None,
        Query(
            max_length=4096,
            description="Walks the list without counting it: empty for the start, then each answer's `next_cursor`. "
            "Excludes `page`.",
        ),
    ] = None,
) -> Position:
    return Position(page, page_size, cursor)


PageRequestReader = Callable[..., Awaitable[PageRequest]]


def sortable(sorts: Sorts) -> PageRequestReader:
    """The dependency of a list that can be sorted by any of ``sorts``."""
    choices = [sign + field for field in sorts for sign in ("", "-")]
    description = "Field to sort by, with a leading `-` for descending order. Newest first when left out."

    async def read(
        position: Annotated[Position, Depends(_position)],
        sort: Annotated[str | None, Query(description=description, json_schema_extra={"enum": choices})] = None,
    ) -> PageRequest:
        return position.page_request(None if sort is None else SortOrder.parse(sort, sorts), sorts)

    return read


def ordered(order: SortOrder) -> PageRequestReader:
    """The dependency of a list whose order is fixed."""

    async def read(position: Annotated[Position, Depends(_position)]) -> PageRequest:
        return position.page_request(order, {order.field: order.kind})

    return read


async def _part(page: Annotated[PageNumber, Query(description=_PAGE)] = 1, page_size: PageSize = 100) -> PageRequest:
    return PageRequest(NEWEST_FIRST, page_size, page)


Part = Annotated[PageRequest, Depends(_part)]
"""A page, by number only, of what belongs to one entity; newest first."""
