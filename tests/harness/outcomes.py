"""Counts the outcomes of tests by storage, for the summary at the end of a run."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.harness.server import AvailableServers


@dataclass(slots=True)
class OutcomeCounts:
    """Outcomes of tests by storage: ``passed``, ``failed``, ``skipped``."""

    counts: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, storage: str, phase: str, outcome: str) -> None:
        """Count one phase of one test; set-up and tear-down count only if they did not pass."""
        if phase == "call" or outcome != "passed":
            self.counts[storage][outcome] += 1

    def format_lines(self, available: AvailableServers) -> Iterator[str]:
        """A line for each available storage, then one for each absent storage with the reason."""
        rows = [(s.name, s.product, s.origin, self._format_counts(s.name)) for s in available.servers]
        rows += [(name, "absent", reason, "") for name, reason in available.absent.items()]
        widths = [
            max((len(row[column]) for row in rows if row[1] != "absent" or not column), default=0)
            for column in range(3)
        ]
        for name, product, origin, counts in rows:
            cells = (name.ljust(widths[0]), product.ljust(widths[1]), origin.ljust(widths[2]), counts)
            yield "  ".join(cells).rstrip()

    def unmet_requirements(self, required: Iterable[str], available: AvailableServers) -> list[str]:
        """For each required storage on which no test has passed, a sentence."""
        return [
            f"{name} is required: {available.absent.get(name, 'no test has run and passed on it')}"
            for name in required
            if not self.counts[name]["passed"]
        ]

    def _format_counts(self, storage: str) -> str:
        counts = self.counts[storage]
        parts = [f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped") if counts[outcome]]
        return ", ".join(parts) or "no tests"
