"""Pagination: the envelope of lists, and the parameters that select a page by number or by cursor."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import Field

from api.cursors import MAX_LENGTH, Cursors
from api.http.fields import StrictInt
from core.errors import ValidationFailed
from core.storage import Page, PageRequest, SortOrder
from core.storage.pages import Sorts, SortValue
from core.storage.sorts import NEWEST_FIRST

E = TypeVar("E")

MAX_PAGE = 2_147_483_647
"""Highest page number: with 100 rows a page, every database supports the offset."""

PageNumber = Annotated[int, Field(ge=1, le=MAX_PAGE), StrictInt]
PageSize = Annotated[int, Field(ge=1, le=100), StrictInt, Query(description="Rows on a page.")]
_PAGE = "Number of the page; the first is 1."


@dataclass(frozen=True, slots=True)
class ClientPageRequest(PageRequest):
    """A page that a client has requested, with what encodes its cursors."""

    cursors: Cursors = field(kw_only=True, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResponse(Generic[E]):
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
    def of(cls, page: Page[E], page_request: PageRequest) -> "PageResponse[E]":
        """The envelope of a page that storage returned for ``page_request``, which a client sent."""
        assert isinstance(page_request, ClientPageRequest)  # noqa: S101 - from the dependencies below
        has_next = page.has_more and bool(page.items)
        return cls(
            items=page.items,
            total=page.total,
            page=page_request.page,
            page_size=page_request.size,
            total_pages=None if page.total is None else -(-page.total // page_request.size),
            has_next=page.has_more,
            has_previous=page_request.offset > 0 or page_request.after is not None,
            next_cursor=page_request.cursors.encode(page_request.sort, page.items[-1]) if has_next else None,
        )


@dataclass(frozen=True, slots=True)
class PageQuery:
    """The requested page: a number, or a cursor that the page follows; an empty cursor is the start of the list."""

    page: int | None
    size: int
    cursor: str | None
    cursors: Cursors

    def page_request(self, wanted: SortOrder | None, sorts: Sorts) -> PageRequest:
        """The request to storage, for a list sorted as ``wanted`` or newest first.

        Raises:
            ValidationFailed: page and cursor exclude each other, or the cursor belongs to another list or order.
        """
        if self.cursor is None:
            return self._request(wanted or NEWEST_FIRST, page=self.page or 1)
        if self.page is not None:
            raise ValidationFailed("cursor", "cannot be combined with page")
        if not self.cursor:
            return self._request(wanted or NEWEST_FIRST)
        sort, after = self.cursors.decode(self.cursor, sorts)
        if wanted not in (None, sort):
            raise ValidationFailed("cursor", f"continues a list that is sorted by {sort}")
        return self._request(sort, after=after)

    def _request(
        self, sort: SortOrder, *, page: int | None = None, after: tuple[SortValue, int] | None = None
    ) -> PageRequest:
        return ClientPageRequest(sort, self.size, page, after, cursors=self.cursors)


async def _page_query(
    request: Request,
    page: Annotated[PageNumber | None, Query(description=_PAGE)] = None,
    page_size: PageSize = 20,
    cursor: Annotated[
        str | None,
        Query(
            json_schema_extra={"maxLength": MAX_LENGTH},
            description="Walks the list without counting it: empty for the start, then each answer's `next_cursor`. "
            "Excludes `page`.",
        ),
    ] = None,
) -> PageQuery:
    return PageQuery(page, page_size, cursor, request.app.state.cursors)


PageRequestReader = Callable[..., Awaitable[PageRequest]]


def sortable(sorts: Sorts) -> PageRequestReader:
    """The dependency of a list that clients can sort by any of ``sorts``."""
    choices = [sign + field for field in sorts for sign in ("", "-")]
    description = "Field to sort by, with a leading `-` for descending order. Newest first when left out."

    async def read(
        query: Annotated[PageQuery, Depends(_page_query)],
        sort: Annotated[str | None, Query(description=description, json_schema_extra={"enum": choices})] = None,
    ) -> PageRequest:
        return query.page_request(None if sort is None else SortOrder.parse(sort, sorts), sorts)

    return read


def ordered(order: SortOrder) -> PageRequestReader:
    """The dependency of a list whose order is fixed."""

    async def read(query: Annotated[PageQuery, Depends(_page_query)]) -> PageRequest:
        return query.page_request(order, {order.field: order.kind})

    return read


async def _sublist_page(
    page: Annotated[PageNumber, Query(description=_PAGE)] = 1, page_size: PageSize = 100
) -> PageRequest:
    return PageRequest(NEWEST_FIRST, page_size, page)


SublistPage = Annotated[PageRequest, Depends(_sublist_page)]
"""A page, by number only, of the entities that belong to another one; newest first."""
