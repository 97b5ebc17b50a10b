"""Random choice by Zipf's law."""

from collections import Counter
from random import Random

import pytest

from compare.skew import Zipf

DRAWS = 60_000


def count_draws(zipf: Zipf[int]) -> Counter[int]:
    random = Random(7)
    return Counter(zipf.draw(random) for _ in range(DRAWS))


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5])
def test_frequency_falls_with_the_rank(exponent: float) -> None:
    drawn = count_draws(Zipf(range(1, 51), exponent))
    total = sum(rank**-exponent for rank in range(1, 51))
    for rank in (1, 2, 3, 10, 50):
        expected = DRAWS * rank**-exponent / total
        assert abs(drawn[rank] - expected) < 5 * expected**0.5


def test_zero_exponent_is_uniform() -> None:
    drawn = count_draws(Zipf(range(10), 0))
    assert all(abs(count - DRAWS / 10) < 5 * (DRAWS / 10) ** 0.5 for count in drawn.values())
    assert len(drawn) == 10


def test_ranking_is_shuffled_by_its_seed() -> None:
    def most_frequent(seed: int) -> list[int]:
        return [item for item, _ in count_draws(Zipf(range(1000), 1.0, Random(seed))).most_common(5)]

    assert most_frequent(1) == most_frequent(1) != most_frequent(2)
    assert sorted(most_frequent(1)) != list(range(min(most_frequent(1)), min(most_frequent(1)) + 5))


def test_distinct_draws_differ() -> None:
    random = Random(3)
    for _ in range(200):
        chosen = Zipf(range(3), 2.0).draw_distinct(5, random)
        assert 1 <= len(chosen) == len(set(chosen)) <= 3


def test_drawing_from_no_items_is_an_error() -> None:
    with pytest.raises(ValueError, match="no items to choose"):
        Zipf([], 1.0)
