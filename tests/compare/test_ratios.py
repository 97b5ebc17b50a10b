"""Ratios and their confidence intervals."""

from random import Random
from statistics import fmean

import pytest

from compare.ratios import compute_ratio


def test_ratio_is_the_geometric_mean_of_the_rounds() -> None:
    found = compute_ratio([200, 800], [100, 100])
    assert found is not None
    assert found.value == pytest.approx(4)
    assert [found.low, found.high] == pytest.approx([2, 8])
    assert found.is_significant


def test_variation_between_rounds_cancels_out() -> None:
    """Both were slow in the same rounds, so the interval is narrow although the figures vary."""
    speeds = [1.0, 0.2, 3.0, 0.5, 2.0]
    found = compute_ratio([200 * speed for speed in speeds], [100 * speed for speed in speeds])
    assert found is not None
    assert [found.low, found.value, found.high] == pytest.approx([2, 2, 2])


def test_interval_has_its_nominal_coverage() -> None:
    random = Random(11)
    covered = 0
    for _ in range(200):
        found = compute_ratio([random.lognormvariate(0.2, 0.1) for _ in range(20)], [1.0] * 20)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 1.2214 <= found.high  # e ** 0.2
    assert 175 <= covered <= 198


def test_no_difference_is_not_significant() -> None:
    random = Random(12)
    figures = [[random.lognormvariate(0, 0.1) for _ in range(10)] for _ in range(2)]
    found = compute_ratio(*figures)
    assert found is not None
    assert not found.is_significant
    assert fmean(figures[0]) / fmean(figures[1]) == pytest.approx(found.value, rel=0.05)


def test_single_round_has_no_interval() -> None:
    found = compute_ratio([3.0], [2.0])
    assert found is not None
    assert found.value == pytest.approx(1.5)
    assert (found.low, found.high, found.is_significant) == (None, None, False)


@pytest.mark.parametrize("figures", [([], []), ([0.0], [1.0]), ([1.0], [0.0])])
def test_ratio_without_figures_is_none(figures: tuple[list[float], list[float]]) -> None:
    assert compute_ratio(*figures) is None
