"""Skewed random choice: a few items often, most items seldom."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Zipf(Generic[T]):
    """Draws from ``items`` by Zipf's law: the one on rank r is drawn r ** -exponent times as often as the first.

    Ranks are drawn once, from ``ranking``, so that frequent items are not adjacent in the store. Without it the ranks
    are in the order of ``items``.
    """

    def __init__(self, items: Sequence[T], exponent: float, ranking: Random | None = None) -> None:
        if not items:
            raise ValueError("there are no items to choose from")
        self._ranked = list(items)
        if ranking is not None:
            ranking.shuffle(self._ranked)
        self._cumulative = list(accumulate(rank**-exponent for rank in range(1, len(items) + 1)))

    def draw(self, random: Random) -> T:
        """One item."""
        return self._ranked[bisect_right(self._cumulative, random.random() * self._cumulative[-1])]

    def draw_distinct(self, count: int, random: Random) -> list[T]:
        """At most ``count`` different items, in the order drawn."""
        return list(dict.fromkeys(self.draw(random) for _ in range(count)))
