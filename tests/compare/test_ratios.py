"""Ratios and how sure they are."""

from random import Random
from statistics import fmean

import pytest

from compare.ratios import ratio


def test_a_ratio_is_the_geometric_mean_of_the_rounds() -> None:
    found = ratio([200, 800], [100, 100])
    assert found is not None
    assert found.value == pytest.approx(4)
    assert (found.low, found.high) == (pytest.approx(2), pytest.approx(8))
    assert found.clear


def test_the_mood_of_the_machine_cancels_out() -> None:
    """Both were slow in the same rounds, so the ratio is sure although the figures are not."""
    moods = [1.0, 0.2, 3.0, 0.5, 2.0]
    found = ratio([200 * mood for mood in moods], [100 * mood for mood in moods])
    assert found is not None
    assert (found.low, found.value, found.high) == (pytest.approx(2), pytest.approx(2), pytest.approx(2))


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    source = Random(11)
    held = 0
    for _ in range(200):
        found = ratio([source.lognormvariate(0.2, 0.1) for _ in range(20)], [1.0] * 20)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.2214 <= found.high  # e ** 0.2
    assert 175 <= held <= 198


def test_no_difference_is_not_clear() -> None:
    source = Random(12)
    figures = [[source.lognormvariate(0, 0.1) for _ in range(10)] for _ in range(2)]
    found = ratio(*figures)
    assert found is not None
    assert not found.clear
    assert fmean(figures[0]) / fmean(figures[1]) == pytest.approx(found.value, rel=0.05)


def test_a_single_round_says_nothing_about_the_next() -> None:
    found = ratio([3.0], [2.0])
    assert found is not None
    assert (found.value, found.low, found.high, found.clear) == (pytest.approx(1.5), None, None, False)


@pytest.mark.parametrize("figures", [([], []), ([0.0], [1.0]), ([1.0], [0.0])])
def test_nothing_cannot_be_compared(figures: tuple[list[float], list[float]]) -> None:
    assert ratio(*figures) is None
