"""What one worker process does in one round: fills a store, measures it, audits it."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import packages_distributions, version
from time import perf_counter, process_time, time
from typing import Any

import psutil

from compare.acknowledged import AcknowledgedChanges
from compare.audit import find_discrepancies
from compare.client import RequestFailed, RequestRefused, ShopClient
from compare.direct import DirectClient
from compare.histograms import OperationStats
from compare.loops import SendRequest, run_closed_loop, run_open_loop
from compare.operations import OPERATIONS, WorkloadMix
from compare.plan import Load, Plan, StorageConfig
from compare.population import ChoiceDistribution, Customer
from compare.remote import HttpClient
from compare.servers import ApiServer, serve_api
from compare.snapshot import StoreSnapshot, take_snapshot
from compare.store import Store, make_population, open_store
from core.errors import ConfigurationError
from core.settings import Settings
from core.storage import round_trips

Message = dict[str, Any]
"""Plain data, sent to the process that compares."""


@dataclass(slots=True)
class MeasurementSession:
    """A storage under measurement.

    Attributes:
        client: in process or over HTTP.
        server: the API, where it is measured over HTTP.
        startup_seconds: from the start of the process that serves until it could.
    """

    plan: Plan
    store: Store
    client: DirectClient | HttpClient
    server: ApiServer | None
    startup_seconds: float
    changes: AcknowledgedChanges = field(default_factory=AcknowledgedChanges)
    accounts: list[int] = field(default_factory=list)
    before: StoreSnapshot | None = None
    distribution: ChoiceDistribution | None = None

    def describe(self) -> Message:
        """The opened storage, and what its start took."""
        storage = self.store.storage
        return {
            "backend": self.store.backend.name,
            "server": storage.server,
            "driver": describe_driver(self.store),
            "settings": changed_settings(self.store.settings),
            "capabilities": asdict(storage.capabilities),
            "startup_seconds": self.startup_seconds,
            "memory": self._memory(),
        }

    async def fill(self, on_rows: Callable[[int], None]) -> Message:
        """Write the demo shop, and take a snapshot of it."""
        start = perf_counter()
        self.accounts = await self.store.fill(self.plan.scale, on_rows)
        seconds = perf_counter() - start
        self.before = await take_snapshot(self.store.storage, self.accounts)
        self.distribution = ChoiceDistribution(make_population(self.before), self.plan.skew, self.plan.seed)
        return {"seconds": seconds, "size": await self.store.size()}

    async def measure(self, workload: str, load: Load, name: str) -> Message:
        """Warm up and measure. ``name`` seeds the draws, and is part of the names of what is created."""
        mix = WorkloadMix(self.plan.mixture(workload))
        assert self.distribution is not None  # noqa: S101 - the store is filled first
        customers = [Customer(self.distribution, f"{self.plan.seed} {name} {n}") for n in range(load.clients)]

        async def run(seconds: float, stats: OperationStats) -> tuple[float, int]:
            return await self._run(load, seconds, make_sender(self.client, mix, customers, self.changes, stats))

        await run(self.plan.warmup, OperationStats())
        gc.collect()
        stats = OperationStats()
        cpu, retries, client_cpu = self._cpu_seconds(), self.client.retries, process_time()
        seconds, unserved = await run(self.plan.duration, stats)
        return {
            "seconds": seconds,
            "stats": stats.pack(),
            "unserved": unserved,
            "retries": None if self.client.retries is None or retries is None else self.client.retries - retries,
            "cpu": self._cpu_seconds() - cpu,
            "client_cpu": process_time() - client_cpu if self.server else None,
            "memory": self._memory(),
        }

    async def _run(self, load: Load, seconds: float, send: SendRequest) -> tuple[float, int]:
        if load.rate is None:
            return await run_closed_loop(send, load.clients, seconds), 0
        return await run_open_loop(send, load.rate, load.clients, seconds)

    async def audit(self) -> Message:
        """Compare the store with its snapshot and with the acknowledged changes."""
        assert self.before is not None  # noqa: S101 - the store is filled first
        after = await take_snapshot(self.store.storage, self.accounts, sorted(self.changes.notified))
        findings = find_discrepancies(self.before, after, self.changes)
        return {"findings": findings, "size": await self.store.size()}

    def _memory(self) -> int:
        return self.server.memory() if self.server else psutil.Process().memory_info().rss

    def _cpu_seconds(self) -> float:
        return self.server.cpu_seconds() if self.server else process_time()


def make_sender(
    client: ShopClient,
    mix: WorkloadMix,
    customers: list[Customer],
    changes: AcknowledgedChanges,
    stats: OperationStats,
) -> SendRequest:
    """A function that sends the next request of a customer, and records its outcome."""

    async def send(number: int, since: float) -> None:
        customer = customers[number]
        name = mix.choose(customer)
        histogram = stats[name]
        with round_trips.collect() as trips:
            try:
                await OPERATIONS[name](client, customer, changes)
            except RequestRefused as refusal:
                histogram.refused[refusal.code] += 1
            except RequestFailed as failure:
                histogram.failed[failure.code] += 1
                return
            finally:
                histogram.round_trips += len(trips)
        histogram.latencies.record(perf_counter() - since)

    return send


def describe_driver(store: Store) -> str:
    """Name and version of the driver in use; empty where a backend needs none."""
    requested = store.settings.url.partition("://")[0].partition("+")[2]
    for driver in store.backend.drivers:
        if driver.installed and requested in ("", driver.name):
            distributions = packages_distributions().get(driver.module.partition(".")[0], [])
            return f"{driver.name} {version(distributions[0])}" if distributions else driver.name
    return requested


def changed_settings(settings: Settings) -> dict[str, Any]:
    """The settings that differ from the defaults; not the URL, which may hold a password."""
    defaults = {name: field.get_default() for name, field in Settings.model_fields.items() if name != "database_url"}
    return {name: value for name in defaults if (value := getattr(settings, name)) != defaults[name]}


@asynccontextmanager
async def open_session(plan: Plan, config: StorageConfig, started_at: float) -> AsyncIterator[MeasurementSession]:
    """Open an empty store and a client of it; the store is left as it was found.

    Args:
        plan: the comparison.
        config: of the storage.
        started_at: when this process was started, in seconds since the epoch.

    Raises:
        ConfigurationError: as ``compare.store.open_store``; or several servers cannot share the storage.
    """
    async with open_store(config, scratch=plan.scratch) as store:
        startup_seconds = time() - started_at
        if not plan.servers:
            yield MeasurementSession(plan, store, DirectClient(store.storage), None, startup_seconds)
            return
        if not store.storage.capabilities.shared:
            raise ConfigurationError(
                "it lives in one process (it is not declared shared), so --http cannot measure it."
            )
        async with serve_api(store.settings, plan.servers) as server:
            client = HttpClient(server.url)
            try:
                yield MeasurementSession(plan, store, client, server, server.startup_seconds)
            finally:
                await client.close()
