"""Counting what ran on which storage, and saying so at the end of a run."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.harness.server import Offer


@dataclass(slots=True)
class Tally:
    """Outcomes of tests by storage: ``passed``, ``failed``, ``skipped``."""

    counts: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, storage: str, phase: str, outcome: str) -> None:
        """Note one phase of one test: its set-up and its tear-down count only if they did not pass."""
        if phase == "call" or outcome != "passed":
            self.counts[storage][outcome] += 1

    def lines(self, offer: Offer) -> Iterator[str]:
        """One line per storage of the offer, then one per absent storage with the reason."""
        rows = [(s.name, s.product, s.origin, self._outcomes(s.name)) for s in offer.servers]
        rows += [(name, "absent", why, "") for name, why in offer.absent.items()]
        widths = [
            max((len(row[column]) for row in rows if row[1] != "absent" or not column), default=0)
            for column in range(3)
        ]
        for name, product, origin, outcomes in rows:
            cells = (name.ljust(widths[0]), product.ljust(widths[1]), origin.ljust(widths[2]), outcomes)
            yield "  ".join(cells).rstrip()

    def missing(self, required: Iterable[str], offer: Offer) -> list[str]:
        """For each required storage on which no test has passed, a sentence."""
        return [
            f"{name} is required: {offer.absent.get(name, 'no test has run and passed on it')}"
            for name in required
            if not self.counts[name]["passed"]
        ]

    def _outcomes(self, storage: str) -> str:
        found = self.counts[storage]
        parts = [f"{found[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped") if found[outcome]]
        return ", ".join(parts) or "no tests"
