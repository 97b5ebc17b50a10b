"""What a comparison found: as measured, and the figures drawn from it."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from compare.machine import Machine
from compare.plan import Load, Plan
from compare.ratios import Ratio, ratio
from compare.tally import Kind, Tally

PERCENTILES = (0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.8, 99.9, 99.95, 99.99, 99.999)

Cell = tuple[str, Load]
"""A workload, and how hard it was driven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One cell in one round.

    Attributes:
        seconds: until the last request was answered.
        tally: what became of the requests, by operation.
        unserved: arrivals whose turn never came; they count as failed.
        reruns: how often units of work ran again; None over HTTP, where nobody sees it.
        cpu: seconds of processor time of the process that serves; the load generator's with it, unless over HTTP.
        client_cpu: seconds of processor time of the load generator; None where it is part of that process.
        memory: bytes held by the processes that serve, afterwards.
    """

    seconds: float
    tally: Tally
    unserved: int
    reruns: int | None
    cpu: float
    client_cpu: float | None
    memory: int

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Measured":
        """What a worker process tells."""
        return cls(tally=Tally.unpack(told["kinds"]), **{key: told[key] for key in told if key != "kinds"})


@dataclass
class Figures:
    """One cell of one storage over all rounds."""

    rounds: list[Measured]

    @cached_property
    def tally(self) -> Tally:
        """Of all rounds."""
        together = Tally()
        for measured in self.rounds:
            together.add(measured.tally)
        return together

    @cached_property
    def total(self) -> Kind:
        """Of all rounds and operations."""
        return self.tally.total()

    @property
    def throughput(self) -> list[float]:
        """Requests answered per second, of each round."""
        return [measured.tally.total().latencies.count / measured.seconds for measured in self.rounds]

    def latency(self, percentile: float) -> list[float]:
        """Seconds within which that part of the requests was answered, of each round."""
        return [(measured.tally.total().latencies.at(percentile) or 0) / 1e6 for measured in self.rounds]

    @property
    def failed(self) -> int:
        """Requests without a proper answer, in all rounds."""
        return self.total.failed.total() + sum(measured.unserved for measured in self.rounds)

    @property
    def refused(self) -> int:
        """Requests that a rule of the shop forbade, in all rounds."""
        return self.total.refused.total()

    @property
    def reruns(self) -> int | None:
        """Units of work that ran again, in all rounds; None over HTTP."""
        counts = [measured.reruns for measured in self.rounds if measured.reruns is not None]
        return sum(counts) if counts else None

    def per_request(self, of: Callable[[Measured], float | None]) -> float | None:
        """What a request took of something, on average; None where it was not seen."""
        amounts = [amount for amount in map(of, self.rounds) if amount is not None]
        asked = self.total.latencies.count + self.failed
        return sum(amounts) / asked if amounts and asked else None

    @property
    def client_share(self) -> float | None:
        """Part of its time that the load generator was busy, 0 to 1; None where it shares a process with the shop."""
        amounts = [measured.client_cpu for measured in self.rounds if measured.client_cpu is not None]
        return sum(amounts) / sum(measured.seconds for measured in self.rounds) if amounts else None

    @property
    def trips(self) -> float | None:
        """Round trips to the database per request; None over HTTP."""
        return self.per_request(lambda m: None if m.reruns is None else float(m.tally.total().trips))

    def distribution(self) -> list[tuple[float, int]]:
        """Percentiles and the microseconds within which they were answered, as far as there are requests behind it."""
        latencies = self.total.latencies
        return [(p, latencies.at(p) or 0) for p in PERCENTILES if latencies.count * (100 - p) / 100 >= 1]


@dataclass(slots=True)
class Trial:
    """One storage in all rounds.

    Attributes:
        described: backend, server, driver, settings and capabilities, as the storage itself says.
        started_in: seconds from the start of a process until it could serve, of each round.
        filled_in: seconds that writing the shop took, of each round.
        size_filled: bytes of data when the shop had been written; None where undeclared. In the first round, as the
            next: a file may stay as large as it once was.
        size_after: bytes of data when all the work had been done.
        memory: bytes held by the processes that serve, when they had started.
        findings: what is wrong with the books, of all rounds; empty for a storage that is right.
        broken: why it could not go on; what was measured before stands.
    """

    name: str
    described: dict[str, Any] = field(default_factory=dict)
    started_in: list[float] = field(default_factory=list)
    filled_in: list[float] = field(default_factory=list)
    size_filled: int | None = None
    size_after: int | None = None
    memory: list[int] = field(default_factory=list)
    cells: defaultdict[Cell, list[Measured]] = field(default_factory=lambda: defaultdict(list))
    findings: list[str] = field(default_factory=list)
    broken: str | None = None

    @property
    def right(self) -> bool:
        """Whether it did all that was asked, and its books add up."""
        return not self.findings and self.broken is None

    @property
    def peak_memory(self) -> int | None:
        """Bytes; the most that was seen."""
        seen = [*self.memory, *(measured.memory for rounds in self.cells.values() for measured in rounds)]
        return max(seen, default=None)


@dataclass
class Outcome:
    """A whole comparison; the first trial is what the others are compared with."""

    plan: Plan
    machine: Machine
    trials: list[Trial]

    @cached_property
    def figures(self) -> dict[tuple[Cell, str], Figures]:
        """By cell and name of the storage, as far as measured."""
        return {
            (cell, trial.name): Figures(trial.cells[cell])
            for cell in self.plan.cells
            for trial in self.trials
            if trial.cells.get(cell)
        }

    def of(self, workload: str) -> Iterator[tuple[Load, Trial, Figures]]:
        """The figures of a workload, storage by storage."""
        for trial in self.trials:
            for load in self.plan.loads:
                if found := self.figures.get(((workload, load), trial.name)):
                    yield load, trial, found

    def ratio(self, cell: Cell, name: str, of: Callable[[Figures], list[float]]) -> Ratio | None:
        """How a storage compares with the first, in one respect; None for the first itself."""
        mine, first = self.figures.get((cell, name)), self.figures.get((cell, self.trials[0].name))
        if name == self.trials[0].name or mine is None or first is None:
            return None
        return ratio(of(mine), of(first))

    @property
    def client_share(self) -> float | None:
        """Part of its time that the load generator was busy at most, 0 to 1; near 1 it is what was measured."""
        return max((share for one in self.figures.values() if (share := one.client_share) is not None), default=None)

    @property
    def right(self) -> bool:
        """Whether every storage is."""
        return all(trial.right for trial in self.trials)
