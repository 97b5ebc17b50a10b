"""Chance that can be asked for any row by itself, without those before it."""

from bisect import bisect_right

_MASK = 2**64 - 1


def draw(row: int, salt: int, below: int) -> int:
    """A number from 0 to ``below`` - 1, the same for the same row and salt (SplitMix64)."""
    x = (row * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return (x ^ (x >> 31)) % below


class Shares:
    """Values of unequal shares, in per mille."""

    def __init__(self, shares: dict[str, int]) -> None:
        self._values = list(shares)
        self._bounds = [sum(list(shares.values())[: n + 1]) for n in range(len(shares))]

    def of(self, row: int, salt: int) -> str:
        """The value of a row."""
        return self._values[bisect_right(self._bounds, draw(row, salt, self._bounds[-1]))]
