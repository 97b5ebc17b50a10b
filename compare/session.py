"""What one worker process does in one round: fill a store, drive it, audit it."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import packages_distributions, version
from time import perf_counter, process_time, time
from typing import Any

import psutil

from compare import books
from compare.audit import findings
from compare.books import Books
from compare.client import Client, Failed, Refused
from compare.direct import DirectClient
from compare.ledger import Ledger
from compare.loops import Ask, closed, paced
from compare.operations import OPERATIONS, Habit
from compare.plan import Contender, Load, Plan
from compare.population import Customer, Tastes
from compare.remote import HttpClient
from compare.servers import Servers, serving
from compare.store import Store, opened, population
from compare.tally import Tally
from core.errors import ConfigurationError
from core.settings import Settings
from core.storage import round_trips

Facts = dict[str, Any]
"""Plain data, to be sent to the process that compares."""


@dataclass(slots=True)
class Session:
    """A storage under measurement.

    Attributes:
        client: the way to the shop.
        servers: the API, where it is reached over HTTP.
        started_in: seconds from the start of the process that serves until it could.
    """

    plan: Plan
    store: Store
    client: DirectClient | HttpClient
    servers: Servers | None
    started_in: float
    ledger: Ledger = field(default_factory=Ledger)
    accounts: list[int] = field(default_factory=list)
    before: Books | None = None
    tastes: Tastes | None = None

    def describe(self) -> Facts:
        """What was opened."""
        storage = self.store.storage
        return {
            "backend": self.store.backend.name,
            "server": storage.server,
            "driver": driver(self.store),
            "settings": distinct(self.store.settings),
            "capabilities": asdict(storage.capabilities),
            "started_in": self.started_in,
            "memory": self.memory(),
        }

    async def fill(self, advance: Callable[[int], None]) -> Facts:
        """Write the shop, and look at all of it."""
        began = perf_counter()
        self.accounts = await self.store.fill(self.plan.scale, advance)
        seconds = perf_counter() - began
        self.before = await books.read(self.store.storage, self.accounts)
        self.tastes = Tastes(population(self.before), self.plan.skew, self.plan.seed)
        return {"seconds": seconds, "size": await self.store.size()}

    async def drive(self, workload: str, load: Load, name: str) -> Facts:
        """Warm up and measure. ``name`` distinguishes what is drawn and created from that of other times."""
        habit = Habit(self.plan.mixture(workload))
        assert self.tastes is not None  # noqa: S101 - the store is filled first
        customers = [Customer(self.tastes, f"{self.plan.seed} {name} {n}") for n in range(load.clients)]
        await self._drive(load, self.plan.warmup, asking(self.client, habit, customers, self.ledger, Tally()))
        gc.collect()
        tally = Tally()
        cpu, reruns, own = self._cpu(), self.client.reruns, process_time()
        seconds, unserved = await self._drive(
            load, self.plan.duration, asking(self.client, habit, customers, self.ledger, tally)
        )
        return {
            "seconds": seconds,
            "kinds": tally.pack(),
            "unserved": unserved,
            "reruns": None if self.client.reruns is None or reruns is None else self.client.reruns - reruns,
            "cpu": self._cpu() - cpu,
            "client_cpu": process_time() - own if self.servers else None,
            "memory": self.memory(),
        }

    async def _drive(self, load: Load, seconds: float, ask: Ask) -> tuple[float, int]:
        if load.rate is None:
            return await closed(ask, load.clients, seconds), 0
        return await paced(ask, load.rate, load.clients, seconds)

    async def audit(self) -> Facts:
        """Whether the books add up."""
        assert self.before is not None  # noqa: S101 - the store is filled first
        after = await books.read(self.store.storage, self.accounts, sorted(self.ledger.notified))
        return {"findings": findings(self.before, after, self.ledger), "size": await self.store.size()}

    def memory(self) -> int:
        """Bytes of memory that the process, or those that serve, hold."""
        return self.servers.memory() if self.servers else psutil.Process().memory_info().rss

    def _cpu(self) -> float:
        return self.servers.cpu() if self.servers else process_time()


def asking(client: Client, habit: Habit, customers: list[Customer], ledger: Ledger, tally: Tally) -> Ask:
    """A function that sends the next request of a customer, and counts what becomes of it."""

    async def ask(number: int, since: float) -> None:
        customer = customers[number]
        name = habit.next(customer)
        kind = tally[name]
        with round_trips.collect() as made:
            try:
                await OPERATIONS[name](client, customer, ledger)
            except Refused as refusal:
                kind.refused[refusal.code] += 1
            except Failed as failure:
                kind.failed[failure.code] += 1
                return
            finally:
                kind.trips += len(made)
        kind.latencies.record(perf_counter() - since)

    return ask


def driver(store: Store) -> str:
    """Name and version of the driver in use; empty where a backend needs none."""
    asked_for = store.settings.url.partition("://")[0].partition("+")[2]
    for known in store.backend.drivers:
        if known.installed and asked_for in ("", known.name):
            distributions = packages_distributions().get(known.module.partition(".")[0], [])
            return f"{known.name} {version(distributions[0])}" if distributions else known.name
    return asked_for


def distinct(settings: Settings) -> dict[str, Any]:
    """The settings that differ from the defaults; not the URL, which may hold a password."""
    defaults = {name: known.get_default() for name, known in Settings.model_fields.items() if name != "database_url"}
    return {name: value for name in defaults if (value := getattr(settings, name)) != defaults[name]}


@asynccontextmanager
async def session(plan: Plan, contender: Contender, born: float) -> AsyncIterator[Session]:
    """Open an empty store, and the way to it; both are left as they were found.

    Args:
        plan: the comparison.
        contender: whose turn it is.
        born: when this process was started, in seconds since the epoch.

    Raises:
        ConfigurationError: as ``compare.store.opened``; or it is to be served by processes that it cannot be shared by.
    """
    async with opened(contender, scratch=plan.scratch) as store:
        started_in = time() - born
        if not plan.servers:
            yield Session(plan, store, DirectClient(store.storage), None, started_in)
            return
        if not store.storage.capabilities.shared:
            raise ConfigurationError(
                "it lives in one process (it is not declared shared), so --http cannot measure it."
            )
        async with serving(store.settings, plan.servers) as servers:
            client = HttpClient([servers.url])
            try:
                yield Session(plan, store, client, servers, servers.started_in)
            finally:
                await client.close()
