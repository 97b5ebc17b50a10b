"""How many times as much: the ratio of two storages' figures, and how sure that is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with its confidence interval.

    Attributes:
        value: geometric mean of the ratios of the rounds.
        low: end of the interval of 95 %; None where a single round says nothing about the next.
        high: its other end.
        rounds: pairs that were compared.
    """

    value: float
    low: float | None
    high: float | None
    rounds: int

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 1, no difference."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


def ratio(figures: Sequence[float], baseline: Sequence[float]) -> Ratio | None:
    """How many times the ``baseline`` the ``figures`` are, round by round; None where there is nothing to compare.

    The rounds are drawn anew, with replacement (the percentile bootstrap): a round is one start of every process, so it
    is what repeats. Both storages' figures of one round stay together, for the machine was in the same mood for both.
    """
    pairs = [math.log(a / b) for a, b in zip(figures, baseline, strict=False) if a > 0 and b > 0]
    if not pairs:
        return None
    value = math.exp(fmean(pairs))
    if len(pairs) == 1:
        return Ratio(value, None, None, 1)
    source = Random("bootstrap")  # noqa: S311
    means = sorted(fmean(source.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    tail = (1 - CONFIDENCE) / 2
    low, high = means[int(tail * RESAMPLES)], means[int((1 - tail) * RESAMPLES) - 1]
    return Ratio(value, math.exp(low), math.exp(high), len(pairs))
