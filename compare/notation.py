"""Figures for people: three digits are as many as mean anything here."""

import math
import statistics
from collections.abc import Sequence

from compare.ratios import Ratio

UNKNOWN = "–"


def number(value: float | None) -> str:
    """``1 234``, ``12.3``, ``0.123``; whole numbers stay whole."""
    if value is None:
        return UNKNOWN
    if isinstance(value, int) or value == 0 or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def milliseconds(microseconds: float | None) -> str:
    """From microseconds."""
    return number(None if microseconds is None else microseconds / 1000)


def megabytes(count: float | None) -> str:
    """From bytes, in millions of them."""
    return number(None if count is None else count / 1e6)


def ratio(found: Ratio | None) -> str:
    """``1.23 (1.10–1.40)``; a star where the interval leaves out 1."""
    if found is None:
        return ""
    if found.low is None:
        return number(found.value)
    return f"{number(found.value)} ({number(found.low)}–{number(found.high)}){'*' if found.clear else ' '}"


def middle(values: Sequence[float]) -> float | None:
    """The median, where there is one."""
    return statistics.median(values) if values else None
