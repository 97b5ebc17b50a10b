"""asyncmy compared with aiomysql, through Stockroom's storage, on MySQL and MariaDB: the reason for the default.

Usage: .venv/bin/python -m benchmarks.mysql_drivers [ROUNDS]

The drivers take turns in every round, and at starting it, so that other load of the machine affects both.
"""

import asyncio
import itertools
import statistics
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from time import perf_counter, process_time

from benchmarks.databases import open_databases
from conformance.defaults import settings_for
from core.clock import now
from core.entities import OrderDraft, OrderItemDraft, Product, ProductDraft, User, UserDraft
from core.plugins import discover
from core.services import orders
from core.storage import Storage

DRIVERS = ("asyncmy", "aiomysql")
_numbers = itertools.count()

Cost = tuple[float, float]
"""Microseconds per operation: elapsed, and processor time, which other load affects less."""

Figures = dict[tuple[str, str, str], list[Cost]]
"""By server, operation and driver."""


def make_drafts(count: int) -> list[ProductDraft]:
    """New products with a million pieces each."""
    numbers = [next(_numbers) for _ in range(count)]
    return [
        ProductDraft(
            name=f"Product {n}", slug=f"p-{n}", sku=f"P-{n}", price=999, stock_quantity=1_000_000, description="D" * 200
        )
        for n in numbers
    ]


async def time_work(work: Callable[[], Awaitable[object]], times: int, clients: int) -> Cost:
    """The cost of one run of ``work``, with that many concurrent clients."""

    async def run_client() -> None:
        for _ in range(times // clients):
            await work()

    started, busy = perf_counter(), process_time()
    await asyncio.gather(*(run_client() for _ in range(clients)))
    return (perf_counter() - started) / times * 1e6, (process_time() - busy) / times * 1e6


async def measure(storage: Storage, user: User, products: list[Product]) -> dict[str, Cost]:
    """The cost of each operation."""
    order = OrderDraft(
        user_id=user.id, items=[OrderItemDraft(product_id=product.id, quantity=1) for product in products[:3]]
    )
    return {
        "get by id": await time_work(lambda: storage.products.get(products[0].id), 800, 1),
        "get by id, 16 clients": await time_work(lambda: storage.products.get(products[0].id), 800, 16),
        "place an order of 3 lines": await time_work(lambda: orders.place(storage, order), 100, 1),
        "insert 1000 rows": await time_work(
            lambda: storage.run(lambda tx: tx.products.add(make_drafts(1000), now())), 2, 1
        ),
    }


async def compare_drivers(server: str, url: str, rounds: int, figures: Figures) -> None:
    """Measure both drivers in turn on one database."""
    scheme, _, rest = url.partition("://")
    registry = discover()
    storages = {}
    for driver in DRIVERS:
        settings = settings_for(f"{scheme}+{driver}://{rest}")
        storages[driver] = await registry.choose(settings).open(settings)
    first = storages[DRIVERS[0]]
    [user] = await first.run(
        lambda tx: tx.users.add([UserDraft(username="buyer", email="buyer@example.com")], ["none"], now())
    )
    products = await first.run(lambda tx: tx.products.add(make_drafts(10), now()))
    for number in range(rounds + 1):
        for driver in DRIVERS[:: 1 if number % 2 else -1]:
            found = await measure(storages[driver], user, products)
            for operation, value in found.items() if number else ():  # the first round only warms up
                figures[server, operation, driver].append(value)
    for storage in storages.values():
        await storage.close()


def format_table(figures: Figures) -> list[str]:
    """Medians of elapsed and of processor time, as Markdown."""
    lines = [
        f"| server | operation | {' | '.join(DRIVERS)} | ratio | {' CPU | '.join(DRIVERS)} CPU | ratio |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for server, operation in dict.fromkeys((server, operation) for server, operation, _ in figures):
        cells = [server, operation]
        for kind in (0, 1):
            one, other = (statistics.median(cost[kind] for cost in figures[server, operation, d]) for d in DRIVERS)
            cells += [f"{one:,.0f}", f"{other:,.0f}", f"{other / one:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


async def main(rounds: int) -> None:
    """Print the table."""
    figures: Figures = defaultdict(list)
    async with open_databases("mysql", "mariadb") as urls:
        for server, url in urls.items():
            await compare_drivers(server, url, rounds, figures)
    sys.stdout.write("\n".join(["Microseconds, medians:", "", *format_table(figures), ""]))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 7))
