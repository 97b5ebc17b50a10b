"""Choosing as customers do: few things often, most things seldom."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Zipf(Generic[T]):
    """Draws from ``things`` by Zipf's law: the one on rank r is drawn r ** -exponent times as often as the first.

    Ranks are drawn once, from ``ranking``, so that the favourites do not lie side by side in the store. Without it the
    order of ``things`` is that of the ranks.
    """

    def __init__(self, things: Sequence[T], exponent: float, ranking: Random | None = None) -> None:
        if not things:
            raise ValueError("there is nothing to choose from")
        self._ranked = list(things)
        if ranking is not None:
            ranking.shuffle(self._ranked)
        self._cumulated = list(accumulate(rank**-exponent for rank in range(1, len(things) + 1)))

    def draw(self, source: Random) -> T:
        """One of them."""
        return self._ranked[bisect_right(self._cumulated, source.random() * self._cumulated[-1])]

    def several(self, count: int, source: Random) -> list[T]:
        """At most ``count`` different ones, in the order drawn."""
        return list(dict.fromkeys(self.draw(source) for _ in range(count)))
