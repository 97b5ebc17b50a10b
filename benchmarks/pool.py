"""The size and overflow of a connection pool: whole requests, on PostgreSQL.

Usage: .venv/bin/python -m benchmarks.pool [ROUNDS]

Each pool serves the same requests, half of them reads and half of them orders, to 16 and to 64 clients of the API in
this process. The pools take turns in every round. CPU is that of this process; the database server's is not included.
"""

import asyncio
import logging
import os
import statistics
import sys
from collections import defaultdict
from contextlib import redirect_stdout
from time import perf_counter, process_time

import httpx2
from fastapi import FastAPI
from sqlalchemy import event

from api.app import create_app
from benchmarks.databases import open_databases
from conformance.defaults import settings_for
from conformance.shop import Json, Shop

POOLS = [(2, 0), (5, 0), (10, 0), (20, 0), (40, 0), (5, 5), (5, 15), (10, 10), (2, 30)]
"""Size and overflow."""

CLIENTS = (16, 64)
REQUESTS = 640

Key = tuple[int, tuple[int, int]]


async def measure(app: FastAPI, clients: int, user: Json, products: list[Json]) -> dict[str, float]:
    """Requests per second, latencies in ms, processor time per request in ms, and number of connections opened."""
    latencies: list[float] = []
    async with app.router.lifespan_context(app):
        opened = count_connections(app)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client:

            async def customer(number: int) -> None:
                for index in range(REQUESTS // clients):
                    product = products[(number + index) % len(products)]["id"]
                    before = perf_counter()
                    if index % 2:
                        response = await client.get(f"/products/{product}")
                    else:
                        order = {"user_id": user["id"], "items": [{"product_id": product, "quantity": 1}]}
                        response = await client.post("/orders", json=order)
                    latencies.append((perf_counter() - before) * 1000)
                    response.raise_for_status()

            started, busy = perf_counter(), process_time()
            await asyncio.gather(*(customer(number) for number in range(clients)))
            elapsed, spent = perf_counter() - started, process_time() - busy
    ordered = sorted(latencies)
    return {
        "requests/s": REQUESTS / elapsed,
        "p50 ms": ordered[len(ordered) // 2],
        "p99 ms": ordered[len(ordered) * 99 // 100],
        "CPU ms": spent * 1000 / REQUESTS,
        "opened": len(opened),
    }


def count_connections(app: FastAPI) -> list[object]:
    """A list that gets an element for each connection that the application opens."""
    opened: list[object] = []
    event.listen(app.state.storage._engine.sync_engine, "connect", lambda *_: opened.append(None))
    return opened


async def main(rounds: int) -> None:
    """Print the table."""
    figures: dict[Key, list[dict[str, float]]] = defaultdict(list)
    async with open_databases("postgresql") as urls:
        url = urls["postgresql"]
        apps = {
            c: create_app(settings_for(url, pool_size=c[0], pool_max_overflow=c[1], pool_timeout=60)) for c in POOLS
        }
        user, products = await add_rows(apps[POOLS[0]])
        for number in range(rounds + 1):
            for clients in CLIENTS:
                for pool in POOLS[:: 1 if number % 2 else -1]:
                    found = await measure(apps[pool], clients, user, products)
                    if number:  # the first round only warms up
                        figures[clients, pool].append(found)
    sys.__stdout__.write("\n".join(format_table(figures)) + "\n")  # type: ignore[union-attr]


async def add_rows(app: FastAPI) -> tuple[Json, list[Json]]:
    """A user, and products that do not run out of stock."""
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        shop = Shop(client)
        return await shop.user(), [await shop.product(stock_quantity=1_000_000) for _ in range(200)]


def format_table(figures: dict[Key, list[dict[str, float]]]) -> list[str]:
    """Medians of the rounds, as Markdown."""
    columns = list(next(iter(figures.values()))[0])
    lines = [f"| clients | size + overflow | {' | '.join(columns)} |", "| ---: | ---: |" + " ---: |" * len(columns)]
    for (clients, (size, overflow)), rounds in figures.items():
        cells = [f"{statistics.median(one[column] for one in rounds):.1f}" for column in columns]
        lines.append(f"| {clients} | {size} + {overflow} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    with open(os.devnull, "w") as null, redirect_stdout(null):  # the access log is part of the cost
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
