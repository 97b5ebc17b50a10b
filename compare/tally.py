"""Counting and timing requests: one histogram per operation, in microseconds, to three digits."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

HIGHEST = 600_000_000
"""Longest latency that is told from longer ones, in microseconds: ten minutes."""

_DIGITS = 3


class Latencies:
    """A histogram of latencies in microseconds; from 1 to ``HIGHEST``, to three significant digits."""

    def __init__(self, packed: str | None = None) -> None:
        self._histogram: Any = HdrHistogram(1, HIGHEST, _DIGITS)
        if packed is not None:
            self._histogram.decode_and_add(packed)

    def record(self, seconds: float) -> None:
        """Count one."""
        self._histogram.record_value(min(HIGHEST, max(1, round(seconds * 1e6))))

    def add(self, other: "Latencies") -> None:
        """Count all that ``other`` has counted."""
        self._histogram.add(other._histogram)

    def pack(self) -> str:
        """As text, in HdrHistogram's own compressed format."""
        return str(self._histogram.encode(), "ascii")

    def at(self, percentile: float) -> int | None:
        """Microseconds within which that part of all requests was answered, in percent; None where there are none."""
        return self._histogram.get_value_at_percentile(percentile) if self.count else None

    @property
    def count(self) -> int:
        """How many were counted."""
        return int(self._histogram.total_count)

    @property
    def longest(self) -> int | None:
        """Microseconds."""
        return self._histogram.get_max_value() if self.count else None


@dataclass(slots=True)
class Kind:
    """What became of the requests of one kind.

    Attributes:
        latencies: of those that were answered, refusals included.
        trips: round trips to the database.
        refused: answers by which a rule of the shop forbade something, by code.
        failed: requests without a proper answer, by code.
    """

    latencies: Latencies = field(default_factory=Latencies)
    trips: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Kind") -> None:
        """Count all that ``other`` has counted."""
        self.latencies.add(other.latencies)
        self.trips += other.trips
        self.refused.update(other.refused)
        self.failed.update(other.failed)

    def pack(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "latencies": self.latencies.pack(),
            "trips": self.trips,
            "refused": dict(self.refused),
            "failed": dict(self.failed),
        }

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> "Kind":
        """The inverse of ``pack``."""
        return cls(
            Latencies(packed["latencies"]),
            packed["trips"],
            Counter(packed["refused"]),
            Counter(packed["failed"]),
        )


class Tally(defaultdict[str, Kind]):
    """By operation, what became of its requests."""

    def __init__(self) -> None:
        super().__init__(Kind)

    def add(self, other: Mapping[str, Kind]) -> None:
        """Count all that ``other`` has counted."""
        for name, kind in other.items():
            self[name].add(kind)

    def total(self) -> Kind:
        """All operations together."""
        together = Kind()
        for kind in self.values():
            together.add(kind)
        return together

    def pack(self) -> dict[str, Any]:
        """As plain data."""
        return {name: kind.pack() for name, kind in self.items()}

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> "Tally":
        """The inverse of ``pack``."""
        tally = cls()
        for name, kind in packed.items():
            tally[name] = Kind.unpack(kind)
        return tally
