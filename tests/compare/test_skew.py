"""Choosing by Zipf's law."""

from collections import Counter
from random import Random

import pytest

from compare.skew import Zipf

DRAWS = 60_000


def frequencies(zipf: Zipf[int]) -> Counter[int]:
    source = Random(7)
    return Counter(zipf.draw(source) for _ in range(DRAWS))


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5])
def test_the_thing_on_rank_r_is_drawn_r_to_the_minus_exponent_as_often_as_the_first(exponent: float) -> None:
    drawn = frequencies(Zipf(range(1, 51), exponent))
    total = sum(rank**-exponent for rank in range(1, 51))
    for rank in (1, 2, 3, 10, 50):
        expected = DRAWS * rank**-exponent / total
        assert abs(drawn[rank] - expected) < 5 * expected**0.5


def test_without_skew_all_are_drawn_alike() -> None:
    drawn = frequencies(Zipf(range(10), 0))
    assert all(abs(count - DRAWS / 10) < 5 * (DRAWS / 10) ** 0.5 for count in drawn.values())
    assert len(drawn) == 10


def test_the_favourites_do_not_lie_side_by_side_and_are_the_same_for_the_same_seed() -> None:
    def favourites(seed: int) -> list[int]:
        return [thing for thing, _ in frequencies(Zipf(range(1000), 1.0, Random(seed))).most_common(5)]

    assert favourites(1) == favourites(1) != favourites(2)
    assert sorted(favourites(1)) != list(range(min(favourites(1)), min(favourites(1)) + 5))


def test_several_are_different_ones() -> None:
    source = Random(3)
    for _ in range(200):
        chosen = Zipf(range(3), 2.0).several(5, source)
        assert 1 <= len(chosen) == len(set(chosen)) <= 3


def test_nothing_can_be_chosen_from_nothing() -> None:
    with pytest.raises(ValueError, match="nothing to choose"):
        Zipf([], 1.0)
