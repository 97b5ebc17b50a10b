"""Random numbers that are functions of a row's number, so that any row can be computed by itself."""

from bisect import bisect_right

_MASK = 2**64 - 1


def draw(row: int, salt: int, below: int) -> int:
    """A number from 0 to ``below`` - 1, the same for the same row and salt (SplitMix64)."""
    x = (row * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return (x ^ (x >> 31)) % below


class Shares:
    """A discrete distribution, by weights."""

    def __init__(self, weights: dict[str, int]) -> None:
        self._values = list(weights)
        self._bounds = [sum(list(weights.values())[: n + 1]) for n in range(len(weights))]

    def choose(self, row: int, salt: int) -> str:
        """The value of a row."""
        return self._values[bisect_right(self._bounds, draw(row, salt, self._bounds[-1]))]
