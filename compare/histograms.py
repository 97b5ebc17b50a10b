"""Latencies and outcomes of requests: one histogram per operation, in microseconds, to three digits."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

MAX_MICROSECONDS = 600_000_000
"""Longer latencies are recorded as this one: ten minutes."""

_DIGITS = 3


class LatencyHistogram:
    """Latencies from 1 to ``MAX_MICROSECONDS`` microseconds, to three significant digits."""

    def __init__(self, packed: str | None = None) -> None:
        self._histogram: Any = HdrHistogram(1, MAX_MICROSECONDS, _DIGITS)
        if packed is not None:
            self._histogram.decode_and_add(packed)

    def record(self, seconds: float) -> None:
        """Add one latency."""
        self._histogram.record_value(min(MAX_MICROSECONDS, max(1, round(seconds * 1e6))))

    def add(self, other: "LatencyHistogram") -> None:
        """Add all latencies of ``other``."""
        self._histogram.add(other._histogram)

    def pack(self) -> str:
        """As text, in HdrHistogram's own compressed format."""
        return str(self._histogram.encode(), "ascii")

    def percentile(self, percent: float) -> int | None:
        """Microseconds within which that part of all requests was answered; None where there are none."""
        return self._histogram.get_value_at_percentile(percent) if self.count else None

    @property
    def count(self) -> int:
        """Number of latencies."""
        return int(self._histogram.total_count)

    @property
    def max(self) -> int | None:
        """Microseconds; None where there are no latencies."""
        return self._histogram.get_max_value() if self.count else None


@dataclass(slots=True)
class OperationHistogram:
    """Outcomes of the requests of one operation.

    Attributes:
        latencies: of those that were answered, refusals included.
        round_trips: to the database.
        refused: number of refusals by a rule of the shop, by code.
        failed: number of requests without a correct answer, by code.
    """

    latencies: LatencyHistogram = field(default_factory=LatencyHistogram)
    round_trips: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def add(self, other: "OperationHistogram") -> None:
        """Add all outcomes of ``other``."""
        self.latencies.add(other.latencies)
        self.round_trips += other.round_trips
        self.refused.update(other.refused)
        self.failed.update(other.failed)

    def pack(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "latencies": self.latencies.pack(),
            "round_trips": self.round_trips,
            "refused": dict(self.refused),
            "failed": dict(self.failed),
        }

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> "OperationHistogram":
        """The inverse of ``pack``."""
        return cls(
            LatencyHistogram(packed["latencies"]),
            packed["round_trips"],
            Counter(packed["refused"]),
            Counter(packed["failed"]),
        )


class OperationStats(defaultdict[str, OperationHistogram]):
    """Outcomes by the name of the operation."""

    def __init__(self) -> None:
        super().__init__(OperationHistogram)

    def add(self, other: Mapping[str, OperationHistogram]) -> None:
        """Add all outcomes of ``other``."""
        for name, histogram in other.items():
            self[name].add(histogram)

    def total(self) -> OperationHistogram:
        """All operations together."""
        total = OperationHistogram()
        for histogram in self.values():
            total.add(histogram)
        return total

    def pack(self) -> dict[str, Any]:
        """As plain data."""
        return {name: histogram.pack() for name, histogram in self.items()}

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> "OperationStats":
        """The inverse of ``pack``."""
        stats = cls()
        for name, histogram in packed.items():
            stats[name] = OperationHistogram.unpack(histogram)
        return stats
