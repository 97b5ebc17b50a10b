"""What a comparison measured, and the figures computed from it."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from compare.histograms import OperationHistogram, OperationStats
from compare.host import HostInfo
from compare.plan import Load, Plan
from compare.ratios import Ratio, compute_ratio

PERCENTILES = (0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.8, 99.9, 99.95, 99.99, 99.999)

Cell = tuple[str, Load]
"""A workload under a load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One cell in one round.

    Attributes:
        seconds: until the last request was answered.
        stats: outcomes of the requests, by operation.
        unserved: arrivals that were never sent; they count as failed.
        retries: number of times that units of work ran again; None over HTTP, where it cannot be seen.
        cpu: seconds of processor time of the process that serves, load generator included unless over HTTP.
        client_cpu: seconds of processor time of the load generator; None where it is part of that process.
        memory: bytes held by the processes that serve, afterwards.
    """

    seconds: float
    stats: OperationStats
    unserved: int
    retries: int | None
    cpu: float
    client_cpu: float | None
    memory: int

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Measurement":
        """From a message of a worker process."""
        return cls(**message | {"stats": OperationStats.unpack(message["stats"])})


@dataclass
class CellFigures:
    """One cell of one storage over all rounds."""

    rounds: list[Measurement]

    @cached_property
    def stats(self) -> OperationStats:
        """Of all rounds."""
        stats = OperationStats()
        for measurement in self.rounds:
            stats.add(measurement.stats)
        return stats

    @cached_property
    def total(self) -> OperationHistogram:
        """Of all rounds and operations."""
        return self.stats.total()

    @property
    def throughput(self) -> list[float]:
        """Requests answered per second, of each round."""
        return [measurement.stats.total().latencies.count / measurement.seconds for measurement in self.rounds]

    def latency(self, percentile: float) -> list[float]:
        """Seconds within which that part of the requests was answered, of each round."""
        totals = [measurement.stats.total().latencies for measurement in self.rounds]
        return [(latencies.percentile(percentile) or 0) / 1e6 for latencies in totals]

    @property
    def failed(self) -> int:
        """Requests without a correct answer, in all rounds."""
        return self.total.failed.total() + sum(measurement.unserved for measurement in self.rounds)

    @property
    def refused(self) -> int:
        """Requests refused by a rule of the shop, in all rounds."""
        return self.total.refused.total()

    @property
    def retries(self) -> int | None:
        """Number of times that units of work ran again, in all rounds; None over HTTP."""
        counts = [measurement.retries for measurement in self.rounds if measurement.retries is not None]
        return sum(counts) if counts else None

    def per_request(self, get: Callable[[Measurement], float | None]) -> float | None:
        """The mean amount of something per request; None where it was not measured."""
        amounts = [amount for amount in map(get, self.rounds) if amount is not None]
        requests = self.total.latencies.count + self.failed
        return sum(amounts) / requests if amounts and requests else None

    @property
    def client_share(self) -> float | None:
        """Share of its time that the load generator was busy, 0 to 1; None where it shares a process with the shop."""
        amounts = [measurement.client_cpu for measurement in self.rounds if measurement.client_cpu is not None]
        return sum(amounts) / sum(measurement.seconds for measurement in self.rounds) if amounts else None

    @property
    def round_trips(self) -> float | None:
        """Round trips to the database per request; None over HTTP."""
        return self.per_request(lambda m: None if m.retries is None else float(m.stats.total().round_trips))

    def distribution(self) -> list[tuple[float, int]]:
        """Percentiles and their microseconds, as far as at least one request is slower."""
        latencies = self.total.latencies
        return [(p, latencies.percentile(p) or 0) for p in PERCENTILES if latencies.count * (100 - p) / 100 >= 1]


@dataclass(slots=True)
class StorageResult:
    """One storage in all rounds.

    Attributes:
        description: backend, server, driver, settings and capabilities, as the opened storage reports them.
        startup_seconds: from the start of a process until it could serve, of each round.
        fill_seconds: for writing the shop, of each round.
        size_filled: bytes of data after the shop was written; None where undeclared. Of the first round, as is the
            next: a file may stay as large as it once was.
        size_after: bytes of data after the last request.
        memory: bytes held by the processes that serve, after their start.
        findings: discrepancies that the audits found, in all rounds; empty for a correct storage.
        failure: why it could not go on; what was measured before is kept.
    """

    name: str
    description: dict[str, Any] = field(default_factory=dict)
    startup_seconds: list[float] = field(default_factory=list)
    fill_seconds: list[float] = field(default_factory=list)
    size_filled: int | None = None
    size_after: int | None = None
    memory: list[int] = field(default_factory=list)
    cells: defaultdict[Cell, list[Measurement]] = field(default_factory=lambda: defaultdict(list))
    findings: list[str] = field(default_factory=list)
    failure: str | None = None

    @property
    def is_correct(self) -> bool:
        """Whether it completed every round without a discrepancy."""
        return not self.findings and self.failure is None

    @property
    def peak_memory(self) -> int | None:
        """Bytes; the highest measurement."""
        seen = [*self.memory, *(measurement.memory for rounds in self.cells.values() for measurement in rounds)]
        return max(seen, default=None)


@dataclass
class Outcome:
    """A whole comparison; the first storage is the baseline of the others."""

    plan: Plan
    host: HostInfo
    storages: list[StorageResult]

    @cached_property
    def figures(self) -> dict[tuple[Cell, str], CellFigures]:
        """By cell and name of the storage, as far as measured."""
        return {
            (cell, storage.name): CellFigures(storage.cells[cell])
            for cell in self.plan.cells
            for storage in self.storages
            if storage.cells.get(cell)
        }

    def figures_of(self, workload: str) -> Iterator[tuple[Load, StorageResult, CellFigures]]:
        """The figures of a workload, storage by storage."""
        for storage in self.storages:
            for load in self.plan.loads:
                if found := self.figures.get(((workload, load), storage.name)):
                    yield load, storage, found

    def ratio(self, cell: Cell, name: str, get: Callable[[CellFigures], list[float]]) -> Ratio | None:
        """A figure of a storage as a multiple of the first storage's; None for the first itself."""
        figures, baseline = self.figures.get((cell, name)), self.figures.get((cell, self.storages[0].name))
        if name == self.storages[0].name or figures is None or baseline is None:
            return None
        return compute_ratio(get(figures), get(baseline))

    @property
    def client_share(self) -> float | None:
        """The highest share of its time that the load generator was busy; near 1 it limits the measurement."""
        return max((share for one in self.figures.values() if (share := one.client_share) is not None), default=None)

    @property
    def is_correct(self) -> bool:
        """Whether every storage is correct."""
        return all(storage.is_correct for storage in self.storages)
