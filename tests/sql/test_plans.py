"""Lists are served by indexes: a page costs what is on it, however many rows there are and however far in it lies.

What goes through more rows, on purpose, because each further index would cost every write:

- ``search``, where the database has no index of trigrams, and for a term that is too short for one;
- a filter in another order than newest first: either the rows that fit are sorted, or the others are skipped;
- ``tag``, prices, and ``is_active`` of products, in any order: the same;
- the total of a numbered page, which is what a cursor does without.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backends.sql import search
from backends.sql.schema import NULL_SORT_TIME, metadata
from core.entities import OrderStatus, PostStatus
from core.storage import (
    OrderFilter,
    Page,
    PageRequest,
    PostFilter,
    ProductFilter,
    SortOrder,
    Storage,
    UserFilter,
    sorts,
)
from core.storage.pages import SortKind, Sorts
from tests.sql.adapters import CountingAdapter
from tests.sql.conftest import Opened
from tests.sql.external_client import ALL, ExternalClient

pytestmark = pytest.mark.only(*ALL)

MANY = 4000
FEW = 4  # values of a field that many share
SIZE = 10
ENOUGH = 400  # for a page, its tags, and the rows that share a value with its first; a tenth of what there is
FOUND = (
    search.MAX_SORTED_HITS + 2 * ENOUGH
)  # as many of the index until it is known to be the longer way; still less than there is
LOOKED_UP = 4 * ENOUGH  # on PostgreSQL, a sample that is looked at twice
INDEXED = ("sqlite", "postgresql")
START = datetime(2026, 1, 1, tzinfo=UTC)
NEWEST: Sorts = {"created_at": SortKind.TIME}

Row = dict[str, Any]
List = Callable[[Storage, PageRequest], Awaitable[Page[Any]]]

LISTS: dict[str, tuple[Sorts, List]] = {
    "users": (sorts.USERS, lambda s, window: s.users.page(UserFilter(), window)),
    "users not active": (NEWEST, lambda s, window: s.users.page(UserFilter(is_active=False), window)),
    "tags": (sorts.TAGS, lambda s, window: s.tags.page(window)),
    "categories": (sorts.CATEGORIES, lambda s, window: s.categories.page(window)),
    "posts": (sorts.POSTS, lambda s, window: s.posts.page(PostFilter(), window)),
    "posts of an author": (NEWEST, lambda s, window: s.posts.page(PostFilter(author_id=1), window)),
    "posts of a status": (NEWEST, lambda s, window: s.posts.page(PostFilter(status=PostStatus.DRAFT), window)),
    "products": (sorts.PRODUCTS, lambda s, window: s.products.page(ProductFilter(), window)),
    "products of a category": (NEWEST, lambda s, window: s.products.page(ProductFilter(category_id=1), window)),
    "orders": (sorts.ORDERS, lambda s, window: s.orders.page(OrderFilter(), window)),
    "orders of a user": (NEWEST, lambda s, window: s.orders.page(OrderFilter(user_id=1), window)),
    "orders of a status": (NEWEST, lambda s, window: s.orders.page(OrderFilter(status=OrderStatus.PENDING), window)),
    "transfers": (NEWEST, lambda s, window: s.accounts.transfers(1, window)),
    "notifications": (NEWEST, lambda s, window: s.notifications.page(1, window)),
}

SEARCHES: dict[str, Callable[[Storage, str, PageRequest], Awaitable[Page[Any]]]] = {
    "users": lambda s, term, window: s.users.page(UserFilter(search=term), window),
    "posts": lambda s, term, window: s.posts.page(PostFilter(search=term), window),
    "products": lambda s, term, window: s.products.page(ProductFilter(search=term), window),
    "products with category": lambda s, term, window: s.products.page_with_category(ProductFilter(search=term), window),
}


async def test_page_costs_the_same_at_any_depth(opened: Opened, external: ExternalClient) -> None:
    await fill(external)
    counter = CountingAdapter(external.dialect)
    async with opened(counter.backend, pool_size=1) as storage:
        costs: dict[str, float] = {}
        for name, (orders, page) in LISTS.items():
            for sort in both_ways(orders):
                for depth, cost in enumerate(await costs_of(storage, counter, page, sort)):
                    costs[f"{name} by {sort}, {('start', 'middle', 'end')[depth]}"] = cost
        assert {case: cost for case, cost in costs.items() if cost > ENOUGH} == {}


async def test_unindexed_list_is_detected(opened: Opened, external: ExternalClient) -> None:
    await fill(external)
    counter = CountingAdapter(external.dialect)
    async with opened(counter.backend, pool_size=1) as storage:
        await storage.users.page(UserFilter(search="no"), PageRequest(sorts.NEWEST_FIRST, SIZE, page=None))
        assert counter.read > ENOUGH


@pytest.mark.only(*INDEXED)
async def test_search_uses_index_or_order(opened: Opened, external: ExternalClient) -> None:
    await fill(external)
    counter = CountingAdapter(external.dialect)
    async with opened(counter.backend, pool_size=1) as storage:
        costs: dict[str, float] = {}
        for table, page in SEARCHES.items():
            for term, count in (("000777", 1), ("0007", 100), ("nowhere", 0), ("every", SIZE)):
                for sort in both_ways(NEWEST):
                    counter.read = 0
                    found = await page(storage, term, PageRequest(sort, SIZE, page=None))
                    assert len(found.items) == min(count, SIZE)
                    costs[f"{term} in {table} by {sort}"] = counter.read
            counter.read = 0
            assert (await page(storage, "000777", PageRequest(sorts.NEWEST_FIRST, SIZE))).total == 1
            costs[f"one in {table}, counted"] = counter.read / 2
        most = {case: FOUND if case.startswith("every") else LOOKED_UP for case in costs}
        assert {case: cost for case, cost in costs.items() if cost > most[case]} == {}


async def test_transfers_are_listed_once_in_order(opened: Opened, external: ExternalClient) -> None:
    await fill(external)
    expected = [row["id"] for row in rows_of("transfers") if 1 in (row["from_account_id"], row["to_account_id"])]
    async with opened() as storage:
        for sort in both_ways(sorts.TRANSFERS):
            found, after = [], None
            while True:
                page = await storage.accounts.transfers(1, PageRequest(sort, 100, page=None, after=after))
                found += [transfer.id for transfer in page.items]
                if not page.has_more:
                    break
                after = (getattr(page.items[-1], sort.field), page.items[-1].id)
            assert found == (expected[::-1] if sort.descending else expected)
            numbered = await storage.accounts.transfers(1, PageRequest(sort, 100, page=3))
            assert [transfer.id for transfer in numbered.items] == found[200:300]
            assert numbered.total == len(expected)


def both_ways(orders: Sorts) -> list[SortOrder]:
    return [SortOrder(field, kind, descending) for field, kind in orders.items() for descending in (False, True)]


async def costs_of(storage: Storage, counter: CountingAdapter, page: List, sort: SortOrder) -> list[int]:
    """Of the first page, of one in the middle and of one near the end, all by cursor."""
    total = (await page(storage, PageRequest(sort, 1))).total or 0
    assert total > ENOUGH, "too few rows to tell"
    costs = []
    for place in (None, total // 2, total * 9 // 10):
        after = None
        if place is not None:
            [last] = (await page(storage, PageRequest(sort, 1, page=place))).items
            after = (getattr(last, sort.field), last.id)
        counter.read = 0
        found = await page(storage, PageRequest(sort, SIZE, page=None, after=after))
        assert len(found.items) == SIZE
        costs.append(counter.read)
    return costs


async def fill(external: ExternalClient) -> None:
    """Many rows in every table that has a list, some of equal values; and the database looks at what it has."""
    async with external.connection() as connection:
        await connection.exec_driver_sql(external.dialect.begin.format(isolation_level="READ COMMITTED"))
        for name in ("users", "tags", "categories", "products", "posts", "orders", "accounts", "transfers"):
            await connection.execute(metadata.tables[name].insert(), list(rows_of(name)))
        await connection.execute(metadata.tables["notifications"].insert(), list(rows_of("notifications")))
        await connection.exec_driver_sql("COMMIT")
        match external.dialect.name:
            case "postgresql":
                await connection.exec_driver_sql("VACUUM ANALYZE")
            case "mysql" | "mariadb":
                for name in metadata.tables:
                    await connection.exec_driver_sql(f"ANALYZE TABLE {name}")


def rows_of(table: str) -> Iterator[Row]:
    """The rows that are filled in; three at a time were created at once."""
    few = {"accounts"}
    for number in range(1, 11 if table in few else MANY + 1):
        at = START + timedelta(seconds=number // 3)
        row = {"id": number, "created_at": at, **ROWS[table](number)}
        yield row if table == "transfers" else row | {"updated_at": at, "version": 1}


def _searched(number: int) -> Row:
    return {"search_key": f"every {number * 7919 % MANY:06}" + " text of some length" * 50}


def _user(number: int) -> Row:
    names = dict.fromkeys(("username", "username_key", "email", "email_key"), f"u{number:06}")
    return names | _searched(number) | {"password_hash": "x", "is_active": number % 8 != 0, "is_superuser": False}


def _post(number: int) -> Row:
    published = START + timedelta(seconds=number * 31 % MANY) if number % 50 else None
    times = {"published_at": published, "published_key": published or NULL_SORT_TIME}
    text = {"title": f"{number * 7919 % MANY:06}", "slug": f"p{number}", "content": "x"}
    status = list(PostStatus)[number % len(PostStatus)]
    counts = {"status": status, "view_count": number % FEW, "author_id": number % 5 + 1}
    return text | times | counts | _searched(number)


def _product(number: int) -> Row:
    text = {"name": f"{number * 7919 % MANY:06}", "slug": f"p{number}", "sku": f"S{number:06}"}
    counts = {"price": 1 + number % FEW, "stock_quantity": number % FEW, "category_id": number % 5 + 1}
    return text | counts | _searched(number) | {"is_active": True}


def _order(number: int) -> Row:
    status = list(OrderStatus)[number % len(OrderStatus)]
    return {"order_number": f"O{number}", "status": status, "total_amount": 1 + number % FEW, "user_id": number % 5 + 1}


def _transfer(number: int) -> Row:
    ways = {"from_account_id": 1 + number % 5, "to_account_id": 6 if number % 5 == 0 or number % 3 else 1}
    return ways | {"amount": 1, "status": "completed"}


ROWS: Mapping[str, Callable[[int], Row]] = {
    "users": _user,
    "tags": lambda number: {"name": f"t{number:06}", "name_key": f"t{number:06}", "slug": f"t{number}"},
    "categories": lambda number: {"name": f"c{number:06}", "slug": f"c{number}"},
    "products": _product,
    "posts": _post,
    "orders": _order,
    "accounts": lambda number: {"user_id": number, "balance": 5},
    "transfers": _transfer,
    "notifications": lambda number: {"user_id": number % 5 + 1, "message": "m", "is_read": False},
}
