"""Measures every endpoint in shops of several sizes, and writes ``docs/measurements/growth.md``: ``make growth``."""

import argparse
import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, redirect_stdout
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TextIO

import uvloop

from benchmarks.growth import mongo, report, sql
from benchmarks.growth.check import check
from benchmarks.growth.client import Client, open_client
from benchmarks.growth.data import ShopData
from benchmarks.growth.database import OpenDatabase
from benchmarks.growth.measure import Sampling, measure_growth
from benchmarks.growth.reads import READS
from benchmarks.growth.writes import WRITES
from benchmarks.speed.report import describe_machine, write_section
from conformance.defaults import settings_for
from core.plugins import Registry, discover
from tests.harness.kind import ServerKind
from tests.harness.run_directory import RunDirectory
from tests.harness.server import KINDS

DISTRIBUTIONS = ("sqlalchemy", "asyncpg", "asyncmy", "aiosqlite", "motor", "pymongo")
CACHE = 2048
"""MiB of a server's page cache: as for a million rows in production, not as in the tests."""


async def fill_shop(storage: str, size: int, address: str, registry: Registry, stack: AsyncExitStack) -> Client:
    """Fill a new shop of this size, and check it; returns a client of it."""
    url = await KINDS[storage].create(address, f"stockroom_growth_{size}_{secrets.token_hex(4)}")
    settings = settings_for(url)
    await registry.choose(settings).migrations(settings).up()
    began, shop = perf_counter(), ShopData(size)
    open_database: OpenDatabase = mongo.open_database if storage == "mongodb" else sql.open_database
    database = await stack.enter_async_context(open_database(url))
    await database.fill(shop)
    filled = await stack.enter_async_context(open_client(url, shop, database))
    await check(filled)
    _log(f"  {size:,} filled and checked in {perf_counter() - began:.0f} s")
    return filled


async def measure_storage(
    storage: str, options: argparse.Namespace, log: TextIO, run_directory: RunDirectory, registry: Registry
) -> bool:
    """Measure a storage; whether no endpoint exceeds ``MAX_GROWTH``. Access logs are written to ``log``."""
    kind = KINDS[storage]
    address = (await (type(kind)(CACHE) if isinstance(kind, ServerKind) else kind).obtain(run_directory)).url
    selected = [e for e in (*READS, *WRITES) if any(part in f"{e.kind}: {e.name}" for part in options.only.split(","))]
    began = perf_counter()
    _log(storage)
    async with AsyncExitStack() as stack:
        stack.enter_context(redirect_stdout(log))
        clients = [await fill_shop(storage, size, address, registry, stack) for size in options.sizes]
        server = clients[0].server
        found = await measure_growth(selected, clients, Sampling(options.rounds, options.seconds, options.most), _log)
    lines = report.format_table(found, options.sizes)
    about = (
        f"{server}; medians of {options.rounds} rounds; {describe_machine()}. In all {perf_counter() - began:.0f} s."
    )
    sys.stdout.write("\n".join(["", about, "", *lines, "", ""]))
    if not options.dry:
        write_section(f"growth on {storage}", [about, "", *lines], report.DOCUMENT)
    for growth in report.find_exceeding(found):
        _log(f"  {growth.endpoint.kind}: {growth.endpoint.name} grows {growth.ratio:.2f} times")
    return not report.find_exceeding(found)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--storages", default="sqlite,postgresql", help="which, separated by commas; or all")
    parser.add_argument("--sizes", default="10000,100000,1000000", type=_parse_sizes, help="products, and orders")
    parser.add_argument("--only", default="", help="parts of the endpoints' names, separated by commas")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2, help="for each endpoint, size and round")
    parser.add_argument("--most", type=int, default=60, help="requests in that time")
    parser.add_argument("--dry", action="store_true", help="only print")
    return parser.parse_args()


def _parse_sizes(given: str) -> list[int]:
    return [int(size) for size in given.split(",")]


def _parse_storages(given: str) -> Sequence[str]:
    return ["sqlite", "postgresql", "mysql", "mariadb", "mongodb"] if given == "all" else given.split(",")


def main() -> int:
    """Measure the selected storages; returns 1 where an endpoint exceeds ``MAX_GROWTH``."""
    options, run_directory, registry = _parse_options(), RunDirectory.new(), discover()
    try:
        with Path(os.devnull).open("w") as log:
            results = [
                uvloop.run(measure_storage(storage, options, log, run_directory, registry))
                for storage in _parse_storages(options.storages)
            ]
        if not options.dry:
            versions = ", ".join(f"{name} {version(name)}" for name in DISTRIBUTIONS)
            write_section("versions", [f"Versions: {versions}."], report.DOCUMENT)
        return 0 if all(results) else 1
    finally:
        run_directory.stop()


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
