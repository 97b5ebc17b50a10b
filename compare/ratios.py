"""The ratio of two storages' figures, with a confidence interval."""

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
        low: lower end of the 95 % interval; None for a single round, which says nothing about the next.
        high: its upper end.
        rounds: number of pairs that were compared.
    """

    value: float
    low: float | None
    high: float | None
    rounds: int

    @property
    def is_significant(self) -> bool:
        """Whether the interval leaves out 1, no difference."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


def compute_ratio(figures: Sequence[float], baseline: Sequence[float]) -> Ratio | None:
    """``figures`` as a multiple of ``baseline``, round by round; None where there is nothing to compare.

    The rounds are resampled with replacement (the percentile bootstrap), because a round starts every process anew and
    so is the unit that repeats. Both storages' figures of one round stay together: the machine was equally fast then.
    """
    pairs = [math.log(a / b) for a, b in zip(figures, baseline, strict=False) if a > 0 and b > 0]
    if not pairs:
        return None
    value = math.exp(fmean(pairs))
    if len(pairs) == 1:
        return Ratio(value, None, None, 1)
    random = Random("bootstrap")  # noqa: S311
    means = sorted(fmean(random.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    tail = (1 - CONFIDENCE) / 2
    low, high = means[int(tail * RESAMPLES)], means[int((1 - tail) * RESAMPLES) - 1]
    return Ratio(value, math.exp(low), math.exp(high), len(pairs))
