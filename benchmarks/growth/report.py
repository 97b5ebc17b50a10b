"""Formats the results as tables, for the terminal and ``docs/measurements/growth.md``."""

from collections.abc import Iterable, Sequence

from benchmarks.growth.endpoint import MAX_GROWTH, EndpointKind
from benchmarks.growth.measure import Growth
from benchmarks.speed.implementations import ROOT

DOCUMENT = ROOT / "docs/measurements/growth.md"


def format_table(found: Sequence[Growth], sizes: Sequence[int]) -> list[str]:
    """A line for each endpoint, grouped by kind; ✗ after a ratio that exceeds ``MAX_GROWTH``."""
    lines = [
        f"| | {' | '.join(f'ms at {_format_thousands(size)}' for size in sizes)} | ratio |",
        f"| --- |{' ---: |' * (len(sizes) + 1)}",
    ]
    for kind in EndpointKind:
        of_kind = [growth for growth in found if growth.endpoint.kind is kind]
        if of_kind:
            limit = f" (promised: ≤ {MAX_GROWTH})" if kind.is_bounded else ""
            lines.append(f"| **{kind}**{limit} |{' |' * (len(sizes) + 1)}")
            lines += map(_format_line, of_kind)
    return lines


def find_exceeding(found: Iterable[Growth]) -> list[Growth]:
    """The endpoints that exceed ``MAX_GROWTH``."""
    return [growth for growth in found if growth.endpoint.kind.is_bounded and growth.ratio > MAX_GROWTH]


def _format_line(growth: Growth) -> str:
    mark = " ✗" if find_exceeding([growth]) else ""
    costs = " | ".join(_format_milliseconds(cost) for cost in growth.costs)
    return f"| {growth.endpoint.name} | {costs} | {growth.ratio:.2f}{mark} |"


def _format_milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:.3f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _format_thousands(size: int) -> str:
    return f"{size:,}".replace(",", " ")
