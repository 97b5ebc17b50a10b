"""Fill shops of several sizes, measure every endpoint on each, write ``docs/growth.md``; see ``make growth``."""

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
from benchmarks.growth.client import Client, client
from benchmarks.growth.data import Shop
from benchmarks.growth.database import Opened
from benchmarks.growth.measure import Pace, grow
from benchmarks.growth.reads import READS
from benchmarks.growth.writes import WRITES
from benchmarks.speed.report import machine, write
from conformance.defaults import settings_for
from core.plugins import Registry, discover
from tests.harness.kind import ServerKind
from tests.harness.run_directory import RunDirectory
from tests.harness.server import KINDS

DISTRIBUTIONS = ("sqlalchemy", "asyncpg", "asyncmy", "aiosqlite", "motor", "pymongo")
CACHE = 2048
"""MiB that a server keeps pages in: as an operator would give it for a million rows, not as tests do."""


async def filled(storage: str, size: int, address: str, registry: Registry, stack: AsyncExitStack) -> Client:
    """A client of a new shop of this size."""
    url = await KINDS[storage].create(address, f"stockroom_growth_{size}_{secrets.token_hex(4)}")
    settings = settings_for(url)
    await registry.choose(settings).migrations(settings).up()
    began, shop = perf_counter(), Shop(size)
    opened: Opened = mongo.opened if storage == "mongodb" else sql.opened
    database = await stack.enter_async_context(opened(url))
    await database.fill(shop)
    made = await stack.enter_async_context(client(url, shop, database))
    await check(made)
    _tell(f"  {size:,} filled and checked in {perf_counter() - began:.0f} s")
    return made


async def measured(
    storage: str, options: argparse.Namespace, log: TextIO, site: RunDirectory, registry: Registry
) -> bool:
    """Whether the promise holds on a storage. The shops write their access logs to ``log``."""
    kind = KINDS[storage]
    address = (await (type(kind)(CACHE) if isinstance(kind, ServerKind) else kind).obtain(site)).url
    wanted = [e for e in (*READS, *WRITES) if any(part in f"{e.kind}: {e.name}" for part in options.only.split(","))]
    began = perf_counter()
    _tell(storage)
    async with AsyncExitStack() as stack:
        stack.enter_context(redirect_stdout(log))
        clients = [await filled(storage, size, address, registry, stack) for size in options.sizes]
        server = clients[0].server
        found = await grow(wanted, clients, Pace(options.rounds, options.seconds, options.most), _tell)
    lines = report.table(found, options.sizes)
    about = f"{server}; medians of {options.rounds} rounds; {machine()}. In all {perf_counter() - began:.0f} s."
    sys.stdout.write("\n".join(["", about, "", *lines, "", ""]))
    if not options.dry:
        write(f"growth on {storage}", [about, "", *lines], report.DOCUMENT)
    for growth in report.broken(found):
        _tell(f"  {growth.endpoint.kind}: {growth.endpoint.name} grows {growth.ratio:.2f} times")
    return not report.broken(found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--storages", default="sqlite,postgresql", help="which, separated by commas; or all")
    parser.add_argument("--sizes", default="10000,100000,1000000", type=_sizes, help="products, and orders")
    parser.add_argument("--only", default="", help="parts of the endpoints' names, separated by commas")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2, help="for each endpoint, size and round")
    parser.add_argument("--most", type=int, default=60, help="requests in that time")
    parser.add_argument("--dry", action="store_true", help="only print")
    return parser.parse_args()


def _sizes(given: str) -> list[int]:
    return [int(size) for size in given.split(",")]


def _storages(given: str) -> Sequence[str]:
    return ["sqlite", "postgresql", "mysql", "mariadb", "mongodb"] if given == "all" else given.split(",")


def main() -> int:
    """Everything that was asked for; 1 where the promise is broken."""
    options, site, registry = _options(), RunDirectory.new(), discover()
    try:
        with Path(os.devnull).open("w") as log:
            kept = [
                uvloop.run(measured(storage, options, log, site, registry)) for storage in _storages(options.storages)
            ]
        if not options.dry:
            versions = ", ".join(f"{name} {version(name)}" for name in DISTRIBUTIONS)
            write("versions", [f"Versions: {versions}."], report.DOCUMENT)
        return 0 if all(kept) else 1
    finally:
        site.stop()


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
