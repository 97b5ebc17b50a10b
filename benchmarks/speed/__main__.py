"""Measure, print, and write ``docs/measurements/performance.md``; see there, and ``make bench``."""

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

from benchmarks.speed import answers, load, report, rows
from benchmarks.speed.contenders import DRIVERS, OURS, RAW, ROOT, TUTORIAL, Contender, served
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
    """The contenders of one storage, and what they are asked."""

    def __init__(self, storage: str, urls: Mapping[str, str], contenders: list[Contender]) -> None:
        self._storage, self._urls = storage, urls
        self._contenders = contenders
        self._requests: dict[str, Requests] = {}

    def furnish(self) -> None:
        """Requests for the rows that are there; ours and the one by hand must agree about them."""
        ours, raw, *_ = self._contenders
        products, users = self._ids
        shared = rows.requests(products, users, ours.url)
        self._requests = {OURS: shared, RAW: shared, TUTORIAL: rows.tutorial_requests()}
        answers.compare(ours.url, raw.url, shared)
        self.prune()

    def fill(self, registry: Registry) -> None:
        """Write the rows; before the contenders start, for they are asked for one when they do."""
        self._ids = asyncio.run(rows.furnish(registry, self._urls[OURS]))
        if TUTORIAL in self._urls:
            _upkeep(self._urls[TUTORIAL], "furnish", len(self._ids[0]), len(self._ids[1]))

    def prune(self) -> None:
        """Take out what the last run put in."""

        async def prune() -> None:
            async with DRIVERS[self._storage].opened(self._urls[RAW]) as database:
                await database.prune(self._ids[0][-1])

        asyncio.run(prune())
        if TUTORIAL in self._urls:
            _upkeep(self._urls[TUTORIAL], "prune", len(self._ids[0]))

    def measure(self, workload: Workload, contender: Contender, seconds: float) -> Sample:
        """One run."""
        before = contender.processor_time()
        outcome = uvloop.run(
            load.run(
                contender.port,
                self._requests[contender.name].of(workload),
                status=workload.status,
                connections=CONNECTIONS,
                seconds=seconds,
                most=workload.most,
            )
        )
        busy = contender.processor_time() - before
        ordered = sorted(outcome.latencies) or [float("nan")]
        return Sample(
            rate=outcome.rate,
            p50=ordered[len(ordered) // 2] * 1000,
            p99=ordered[len(ordered) * 99 // 100] * 1000,
            busy=busy * 1000 / max(1, len(outcome.latencies)),
            failures=sum(outcome.failures.values()),
        )

    def rounds(self, workloads: list[Workload], count: int, seconds: float) -> dict[str, Rounds]:
        """Every workload, the contenders in turn, in another order each round; the first round only warms up."""
        figures: dict[str, Rounds] = {workload.name: defaultdict(list) for workload in workloads}
        for number in range(count + 1):
            for workload in workloads:
                for contender in _turned(self._contenders, number):
                    found = self.measure(workload, contender, seconds if number else min(2.0, seconds))
                    if number:
                        figures[workload.name][contender.name].append(found)
                        _tell(f"  {number}/{count} {workload.name}: {contender.name} {found.rate:,.1f}/s")
                if workload.status == 201:
                    self.prune()
        return figures


def _turned(contenders: list[Contender], number: int) -> list[Contender]:
    turn = number % len(contenders)
    return contenders[turn:] + contenders[:turn]


def _upkeep(url: str, *words: object) -> None:
    command = [sys.executable, "-m", "benchmarks.speed.tutorial.upkeep", *map(str, words)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, check=True)  # noqa: S603 - our own


@contextmanager
def bench(storage: str, names: list[str], site: RunDirectory, registry: Registry, core: int | None) -> Iterator[Bench]:
    """Databases, rows, and the contenders over them."""
    address = asyncio.run(KINDS[storage].obtain(site))
    urls: dict[str, str] = {}
    for name in [OURS, *({TUTORIAL} & set(names))]:
        urls[name] = asyncio.run(KINDS[storage].create(address.url, f"stockroom_{name}_{secrets.token_hex(4)}"))
    urls[RAW] = urls[OURS]
    settings = settings_for(urls[OURS])
    asyncio.run(registry.choose(settings).migrations(settings).up())
    contenders: list[Contender] = []
    made = Bench(storage, urls, contenders)
    made.fill(registry)
    with ExitStack() as stack:
        for name in names:
            contenders.append(stack.enter_context(served(name, storage, urls[name], site, core)))
        made.furnish()
        yield made


def _server(registry: Registry, url: str) -> str:
    async def ask() -> str:
        storage = await registry.choose(settings_for(url)).open(settings_for(url))
        await storage.close()
        return storage.server

    return asyncio.run(ask())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--storages", default="all", help="which, separated by commas")
    parser.add_argument("--workloads", default="", help="parts of their names, separated by commas; all if left out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--no-tutorial", action="store_true", help="leave the tutorial's style out")
    parser.add_argument("--dry", action="store_true", help="only print")
    return parser.parse_args()


def main() -> None:
    """Everything that was asked for."""
    options, site, registry = _options(), RunDirectory.new(), discover()
    wanted = [w for w in WORKLOADS if any(part in w.name for part in options.workloads.split(","))]
    own, rest = _cores()
    limit = uvloop.run(load.ceiling(2.0))
    _tell(f"The load alone: {limit:,.0f} requests/s.")
    try:
        for storage in DRIVERS if options.storages == "all" else options.storages.split(","):
            names = [OURS, RAW] + [TUTORIAL] * (storage in SQL and not options.no_tutorial)
            _tell(storage)
            with bench(storage, names, site, registry, own) as made:
                figures = made.rounds(wanted, options.rounds, options.seconds)
                server = _server(registry, made._urls[OURS])
            lines = report.table([(workload, figures[workload.name]) for workload in wanted])
            sys.stdout.write("\n".join(["", f"{server}", "", *lines, "", ""]))
            if not options.dry:
                about = f"{server}; {options.rounds} rounds of {options.seconds:g} s; {report.machine()}."
                report.write(f"speed on {storage}", [about, "", *lines])
        if not options.dry:
            versions = ", ".join(f"{name} {version(name)}" for name in DISTRIBUTIONS)
            report.write("versions", [f"Versions: {versions}. The load alone makes {limit:,.0f} requests/s."])
    finally:
        site.stop()
        os.sched_setaffinity(0, {*rest, *([own] if own is not None else [])})


def _cores() -> tuple[int | None, set[int]]:
    """A core for the application; the rest is for the database and the load, from here on and in all they start."""
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        return None, {first}
    os.sched_setaffinity(0, set(others))
    return first, set(others)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
