"""The figures as tables, on the terminal and in ``docs/measurements/growth.md``."""

from collections.abc import Iterable, Sequence

from benchmarks.growth.endpoint import PROMISE, Kind
from benchmarks.growth.measure import Growth
from benchmarks.speed.contenders import ROOT

DOCUMENT = ROOT / "docs/measurements/growth.md"


def table(found: Sequence[Growth], sizes: Sequence[int]) -> list[str]:
    """A line for each endpoint, those of a kind together; ✗ behind a ratio that breaks the promise."""
    lines = [
        f"| | {' | '.join(f'ms at {_thousands(size)}' for size in sizes)} | ratio |",
        f"| --- |{' ---: |' * (len(sizes) + 1)}",
    ]
    for kind in Kind:
        of_kind = [growth for growth in found if growth.endpoint.kind is kind]
        if of_kind:
            promise = f" (promised: ≤ {PROMISE})" if kind.promised else ""
            lines.append(f"| **{kind}**{promise} |{' |' * (len(sizes) + 1)}")
            lines += map(_line, of_kind)
    return lines


def broken(found: Iterable[Growth]) -> list[Growth]:
    """Where the promise does not hold."""
    return [growth for growth in found if growth.endpoint.kind.promised and growth.ratio > PROMISE]


def _line(growth: Growth) -> str:
    mark = " ✗" if broken([growth]) else ""
    costs = " | ".join(_milliseconds(cost) for cost in growth.costs)
    return f"| {growth.endpoint.name} | {costs} | {growth.ratio:.2f}{mark} |"


def _milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:.3f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _thousands(size: int) -> str:
    return f"{size:,}".replace(",", " ")
