"""Measures the implementations, and writes ``docs/measurements/performance.md``: ``make bench``."""

import argparse
import asyncio
import os
import secrets
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import version

import uvloop

from benchmarks.speed import agreement, load, report, rows
from benchmarks.speed.implementations import DRIVERS, OURS, RAW, ROOT, TUTORIAL, Implementation, serve
from benchmarks.speed.report import Rounds, Sample
from benchmarks.speed.workloads import WORKLOADS, Requests, Workload
from conformance.defaults import settings_for
from core.plugins import Registry, discover
from tests.harness.run_directory import RunDirectory
from tests.harness.server import KINDS

SQL = ("sqlite", "postgresql", "mysql", "mariadb")
CONNECTIONS = 16
DISTRIBUTIONS = ["fastapi", "pydantic", "uvicorn", "sqlalchemy", "asyncpg", "asyncmy", "aiosqlite", "motor", "pymongo"]


class Bench:
    """The implementations on one storage, and their requests."""

    def __init__(self, storage: str, urls: Mapping[str, str], implementations: list[Implementation]) -> None:
        self._storage, self.urls = storage, urls
        self._implementations = implementations
        self._requests: dict[str, Requests] = {}

    def make_requests(self) -> None:
        """Make the requests; Stockroom and the hand-written code must agree on them."""
        ours, raw, *_ = self._implementations
        products, users = self._ids
        shared = rows.make_requests(products, users, ours.url)
        self._requests = {OURS: shared, RAW: shared, TUTORIAL: rows.make_tutorial_requests()}
        agreement.require_agreement(ours.url, raw.url, shared)
        self.prune()

    def fill(self, registry: Registry) -> None:
        """Write the rows, before the implementations start: each is ready once it returns one."""
        self._ids = asyncio.run(rows.add_rows(registry, self.urls[OURS]))
        if TUTORIAL in self.urls:
            _maintain_tutorial(self.urls[TUTORIAL], "fill", len(self._ids[0]), len(self._ids[1]))

    def prune(self) -> None:
        """Delete the rows that the last run added."""

        async def prune() -> None:
            async with DRIVERS[self._storage].open_database(self.urls[RAW]) as database:
                await database.prune(self._ids[0][-1])

        asyncio.run(prune())
        if TUTORIAL in self.urls:
            _maintain_tutorial(self.urls[TUTORIAL], "prune", len(self._ids[0]))

    def measure(self, workload: Workload, implementation: Implementation, seconds: float) -> Sample:
        """One run of a workload."""
        before = implementation.processor_time()
        outcome = uvloop.run(
            load.run(
                implementation.port,
                self._requests[implementation.name].maker_of(workload),
                status=workload.status,
                connections=CONNECTIONS,
                seconds=seconds,
                max_requests=workload.max_requests,
            )
        )
        cpu = implementation.processor_time() - before
        ordered = sorted(outcome.latencies) or [float("nan")]
        return Sample(
            rate=outcome.rate,
            p50=ordered[len(ordered) // 2] * 1000,
            p99=ordered[len(ordered) * 99 // 100] * 1000,
            cpu=cpu * 1000 / max(1, len(outcome.latencies)),
            failures=sum(outcome.failures.values()),
        )

    def measure_rounds(self, workloads: list[Workload], count: int, seconds: float) -> dict[str, Rounds]:
        """Measure every workload; the order of the implementations rotates, and the first round only warms up."""
        figures: dict[str, Rounds] = {workload.name: defaultdict(list) for workload in workloads}
        for number in range(count + 1):
            for workload in workloads:
                for implementation in _rotate(self._implementations, number):
                    found = self.measure(workload, implementation, seconds if number else min(2.0, seconds))
                    if number:
                        figures[workload.name][implementation.name].append(found)
                        _log(f"  {number}/{count} {workload.name}: {implementation.name} {found.rate:,.1f}/s")
                if workload.status == 201:
                    self.prune()
        return figures


def _rotate(implementations: list[Implementation], number: int) -> list[Implementation]:
    start = number % len(implementations)
    return implementations[start:] + implementations[:start]


def _maintain_tutorial(url: str, *words: object) -> None:
    command = [sys.executable, "-m", "benchmarks.speed.tutorial.maintenance", *map(str, words)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, check=True)  # noqa: S603 - our own


@contextmanager
def open_bench(
    storage: str, names: list[str], run_directory: RunDirectory, registry: Registry, core: int | None
) -> Iterator[Bench]:
    """Create the databases and rows, and start the implementations."""
    address = asyncio.run(KINDS[storage].obtain(run_directory))
    urls: dict[str, str] = {}
    for name in [OURS, *({TUTORIAL} & set(names))]:
        urls[name] = asyncio.run(KINDS[storage].create(address.url, f"stockroom_{name}_{secrets.token_hex(4)}"))
    urls[RAW] = urls[OURS]
    settings = settings_for(urls[OURS])
    asyncio.run(registry.choose(settings).migrations(settings).up())
    implementations: list[Implementation] = []
    opened = Bench(storage, urls, implementations)
    opened.fill(registry)
    with ExitStack() as stack:
        for name in names:
            implementations.append(stack.enter_context(serve(name, storage, urls[name], run_directory, core)))
        opened.make_requests()
        yield opened


def _server_version(registry: Registry, url: str) -> str:
    async def read_version() -> str:
        storage = await registry.choose(settings_for(url)).open(settings_for(url))
        await storage.close()
        return storage.server

    return asyncio.run(read_version())


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--storages", default="all", help="which, separated by commas")
    parser.add_argument("--workloads", default="", help="parts of their names, separated by commas; all if left out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--no-tutorial", action="store_true", help="leave the tutorial's style out")
    parser.add_argument("--dry", action="store_true", help="only print")
    return parser.parse_args()


def main() -> None:
    """Measure the selected storages and workloads."""
    options, run_directory, registry = _parse_options(), RunDirectory.new(), discover()
    selected = [w for w in WORKLOADS if any(part in w.name for part in options.workloads.split(","))]
    own, rest = _split_cores()
    limit = uvloop.run(load.measure_ceiling(2.0))
    _log(f"The load alone: {limit:,.0f} requests/s.")
    try:
        for storage in DRIVERS if options.storages == "all" else options.storages.split(","):
            names = [OURS, RAW] + [TUTORIAL] * (storage in SQL and not options.no_tutorial)
            _log(storage)
            with open_bench(storage, names, run_directory, registry, own) as opened:
                figures = opened.measure_rounds(selected, options.rounds, options.seconds)
                server = _server_version(registry, opened.urls[OURS])
            lines = report.format_table([(workload, figures[workload.name]) for workload in selected])
            sys.stdout.write("\n".join(["", f"{server}", "", *lines, "", ""]))
            if not options.dry:
                about = f"{server}; {options.rounds} rounds of {options.seconds:g} s; {report.describe_machine()}."
                report.write_section(f"speed on {storage}", [about, "", *lines])
        if not options.dry:
            versions = ", ".join(f"{name} {version(name)}" for name in DISTRIBUTIONS)
            report.write_section("versions", [f"Versions: {versions}. The load alone makes {limit:,.0f} requests/s."])
    finally:
        run_directory.stop()
        os.sched_setaffinity(0, {*rest, *([own] if own is not None else [])})


def _split_cores() -> tuple[int | None, set[int]]:
    """One core for the application; sets this process, the databases and the load to the others."""
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        return None, {first}
    os.sched_setaffinity(0, set(others))
    return first, set(others)


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
