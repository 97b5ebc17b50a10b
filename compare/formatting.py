"""Numbers as text, to three significant digits."""

import math
import statistics
from collections.abc import Sequence

from compare.ratios import Ratio

UNKNOWN = "–"


def format_number(value: float | None) -> str:
    """``1 234``, ``12.3``, ``0.123``; integers have no decimals."""
    if value is None:
        return UNKNOWN
    if isinstance(value, int) or value == 0 or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def format_milliseconds(microseconds: float | None) -> str:
    """From microseconds."""
    return format_number(None if microseconds is None else microseconds / 1000)


def format_megabytes(count: float | None) -> str:
    """From bytes, in millions of them."""
    return format_number(None if count is None else count / 1e6)


def format_ratio(ratio: Ratio | None) -> str:
    """``1.23 (1.10–1.40)``; a star where the interval leaves out 1."""
    if ratio is None:
        return ""
    if ratio.low is None:
        return format_number(ratio.value)
    interval = f"{format_number(ratio.low)}–{format_number(ratio.high)}"
    return f"{format_number(ratio.value)} ({interval}){'*' if ratio.is_significant else ' '}"


def median_or_none(values: Sequence[float]) -> float | None:
    """The median; None of no values."""
    return statistics.median(values) if values else None
