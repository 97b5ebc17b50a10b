"""Wrong lists: rows in another order, too many, too few, or too dear."""

import random
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from core.storage import PageRequest, ProductFilter
from core.storage.pages import Page
from core.storage.round_trips import record_start
from tests.kit.broken.defect import Defect, Wrapped


class RestlessTies(Defect):
    """Leaves rows with equal keys in any order."""

    caught_by = "test_lists.py::test_products_paginate_stably_in_every_order"

    class Products(Wrapped):
        async def page(self, filter: ProductFilter, window: PageRequest) -> Page[Any]:
            page = await self.inner.page(filter, window)
            groups = [list(rows) for _, rows in groupby(page.items, attrgetter(window.sort.field))]
            return replace(page, items=[row for rows in groups for row in random.sample(rows, len(rows))])

    readers = {"products": Products}


class Wildcards(Defect):
    """Searches with LIKE and forgets to escape ``%``."""

    caught_by = "test_search.py::test_no_character_is_a_wildcard"

    class Products(Wrapped):
        async def page(self, filter: ProductFilter, window: PageRequest) -> Any:
            return await self.inner.page(replace(filter, search=(filter.search or "").replace("%", "") or None), window)

    readers = {"products": Products}


class RepeatedRow(Defect):
    """Begins a page with the row that the cursor stands behind."""

    caught_by = "test_lists.py::test_numbered_page_continues_by_cursor"

    class Tags(Wrapped):
        async def page(self, window: PageRequest) -> Any:
            if window.after is not None:
                value, key = window.after
                window = replace(window, after=(value, key + (1 if window.sort.descending else -1)))
            return await self.inner.page(window)

    readers = {"tags": Tags, "products": Tags}


class Collation(Defect):
    """Sorts as a dictionary would."""

    caught_by = "test_categories.py::test_tree_siblings_are_in_code_point_order"

    class Categories(Wrapped):
        async def all(self) -> Any:
            return sorted(await self.inner.all(), key=lambda category: (category.name.casefold(), category.id))

    readers = {"categories": Categories}


class TripPerRow(Defect):
    """Asks for each row of a page once more."""

    caught_by = "test_round_trips.py::test_endpoints_stay_within_round_trip_budget"

    class Posts(Wrapped):
        async def page(self, *arguments: Any) -> Any:
            page = await self.inner.page(*arguments)
            for _ in page.items:
                record_start("the tags of a post")
            return page

    readers = {"posts": Posts}


class GuessedTotal(Defect):
    """Counts no further than the page, to be quick."""

    caught_by = "test_lists.py::test_pages_are_selected_by_number"

    class Tags(Wrapped):
        async def page(self, window: PageRequest) -> Any:
            page = await self.inner.page(window)
            return replace(page, total=page.total and len(page.items) + page.has_more)

    readers = {"tags": Tags, "products": Tags}


LISTS = [RestlessTies, Wildcards, RepeatedRow, Collation, TripPerRow, GuessedTotal]
