"""How large the pool of a process should be, and whether it should overflow: whole requests, on PostgreSQL.

Usage: .venv/bin/python -m benchmarks.pool [ROUNDS]

Each choice serves the same requests, half of them reads and half of them orders, to 16 and to 64 clients of the API in
this process. The choices take turns in every round. CPU is what this process spends; the server's comes on top.
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
from benchmarks.scratch import databases
from conformance.defaults import settings_for
from conformance.shop import Json, Shop

CHOICES = [(2, 0), (5, 0), (10, 0), (20, 0), (40, 0), (5, 5), (5, 15), (10, 10), (2, 30)]
"""Size and overflow."""

CLIENTS = (16, 64)
REQUESTS = 640

Key = tuple[int, tuple[int, int]]


async def serve(app: FastAPI, clients: int, user: Json, products: list[Json]) -> dict[str, float]:
    """One load: requests per second, latencies in ms, processor time per request in ms, connections opened."""
    took: list[float] = []
    async with app.router.lifespan_context(app):
        opened = count_connections(app)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client:

            async def customer(number: int) -> None:
                for turn in range(REQUESTS // clients):
                    product = products[(number + turn) % len(products)]["id"]
                    before = perf_counter()
                    if turn % 2:
                        answer = await client.get(f"/products/{product}")
                    else:
                        order = {"user_id": user["id"], "items": [{"product_id": product, "quantity": 1}]}
                        answer = await client.post("/orders", json=order)
                    took.append((perf_counter() - before) * 1000)
                    answer.raise_for_status()

            started, busy = perf_counter(), process_time()
            await asyncio.gather(*(customer(number) for number in range(clients)))
            elapsed, spent = perf_counter() - started, process_time() - busy
    ordered = sorted(took)
    return {
        "requests/s": REQUESTS / elapsed,
        "p50 ms": ordered[len(ordered) // 2],
        "p99 ms": ordered[len(ordered) * 99 // 100],
        "CPU ms": spent * 1000 / REQUESTS,
        "opened": len(opened),
    }


def count_connections(app: FastAPI) -> list[object]:
    """A list that grows by one for each connection that the application opens."""
    opened: list[object] = []
    event.listen(app.state.storage._engine.sync_engine, "connect", lambda *_: opened.append(None))
    return opened


async def main(rounds: int) -> None:
    """Print the table."""
    figures: dict[Key, list[dict[str, float]]] = defaultdict(list)
    async with databases("postgresql") as urls:
        url = urls["postgresql"]
        apps = {
            c: create_app(settings_for(url, pool_size=c[0], pool_max_overflow=c[1], pool_timeout=60)) for c in CHOICES
        }
        user, products = await furnish(apps[CHOICES[0]])
        for number in range(rounds + 1):
            for clients in CLIENTS:
                for choice in CHOICES[:: 1 if number % 2 else -1]:
                    found = await serve(apps[choice], clients, user, products)
                    if number:  # the first round only warms up
                        figures[clients, choice].append(found)
    sys.__stdout__.write("\n".join(table(figures)) + "\n")  # type: ignore[union-attr]


async def furnish(app: FastAPI) -> tuple[Json, list[Json]]:
    """A buyer, and products that do not run out."""
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        shop = Shop(client)
        return await shop.user(), [await shop.product(stock_quantity=1_000_000) for _ in range(200)]


def table(figures: dict[Key, list[dict[str, float]]]) -> list[str]:
    """Medians over the rounds."""
    columns = list(next(iter(figures.values()))[0])
    lines = [f"| clients | size + overflow | {' | '.join(columns)} |", "| ---: | ---: |" + " ---: |" * len(columns)]
    for (clients, (size, overflow)), rounds in figures.items():
        cells = [f"{statistics.median(one[column] for one in rounds):.1f}" for column in columns]
        lines.append(f"| {clients} | {size} + {overflow} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # the access log costs what it costs, unread
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
