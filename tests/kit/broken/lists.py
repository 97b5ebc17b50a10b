"""Wrong lists: another order, repeated or missing rows, too many round trips."""

import random
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from core.storage import PageRequest, ProductFilter
from core.storage.pages import Page
from core.storage.round_trips import record_start
from tests.kit.broken.defect import Defect, RepositoryWrapper


class UnstableTies(Defect):
    """Returns rows with equal sort keys in random order."""

    caught_by = "test_lists.py::test_products_paginate_stably_in_every_order"

    class Products(RepositoryWrapper):
        async def page(self, filter: ProductFilter, request: PageRequest) -> Page[Any]:
            page = await self.inner.page(filter, request)
            groups = [list(rows) for _, rows in groupby(page.items, attrgetter(request.sort.field))]
            return replace(page, items=[row for rows in groups for row in random.sample(rows, len(rows))])

    readers = {"products": Products}


class UnescapedWildcard(Defect):
    """Searches with LIKE without escaping ``%``."""

    caught_by = "test_search.py::test_no_character_is_a_wildcard"

    class Products(RepositoryWrapper):
        async def page(self, filter: ProductFilter, request: PageRequest) -> Any:
            return await self.inner.page(
                replace(filter, search=(filter.search or "").replace("%", "") or None), request
            )

    readers = {"products": Products}


class RepeatedRow(Defect):
    """Repeats the last row of a page on the next one."""

    caught_by = "test_lists.py::test_numbered_page_continues_by_cursor"

    class Tags(RepositoryWrapper):
        async def page(self, request: PageRequest) -> Any:
            if request.after is not None:
                value, key = request.after
                request = replace(request, after=(value, key + (1 if request.sort.descending else -1)))
            return await self.inner.page(request)

    readers = {"tags": Tags, "products": Tags}


class CollatedOrder(Defect):
    """Sorts case-insensitively."""

    caught_by = "test_categories.py::test_tree_siblings_are_in_code_point_order"

    class Categories(RepositoryWrapper):
        async def all(self) -> Any:
            return sorted(await self.inner.all(), key=lambda category: (category.name.casefold(), category.id))

    readers = {"categories": Categories}


class RoundTripPerRow(Defect):
    """Reads each row of a page again."""

    caught_by = "test_round_trips.py::test_endpoints_stay_within_round_trip_budget"

    class Posts(RepositoryWrapper):
        async def page(self, *arguments: Any) -> Any:
            page = await self.inner.page(*arguments)
            for _ in page.items:
                record_start("the tags of a post")
            return page

    readers = {"posts": Posts}


class TruncatedTotal(Defect):
    """Counts only the rows up to the end of the page."""

    caught_by = "test_lists.py::test_pages_are_selected_by_number"

    class Tags(RepositoryWrapper):
        async def page(self, request: PageRequest) -> Any:
            page = await self.inner.page(request)
            return replace(page, total=page.total and len(page.items) + page.has_more)

    readers = {"tags": Tags, "products": Tags}


LISTS = [UnstableTies, UnescapedWildcard, RepeatedRow, CollatedOrder, RoundTripPerRow, TruncatedTotal]
