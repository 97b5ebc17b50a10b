"""Histograms and counts."""

import json
from random import Random

import pytest

from compare.tally import HIGHEST, Latencies, Tally


@pytest.fixture
def seconds() -> list[float]:
    source = Random(5)
    return [source.lognormvariate(-6, 1) for _ in range(20_000)]


@pytest.mark.parametrize("percentile", [1, 50, 90, 99, 99.9])
def test_percentiles_are_exact_to_three_digits(seconds: list[float], percentile: float) -> None:
    latencies = Latencies()
    for each in seconds:
        latencies.record(each)
    rank = max(1, round(percentile / 100 * len(seconds)))
    assert latencies.at(percentile) == pytest.approx(sorted(seconds)[rank - 1] * 1e6, rel=2e-3, abs=1)
    assert latencies.longest == pytest.approx(max(seconds) * 1e6, rel=1e-3)


def test_histograms_survive_the_way_between_processes_and_add_up(seconds: list[float]) -> None:
    whole, halves = Latencies(), [Latencies(), Latencies()]
    for index, each in enumerate(seconds):
        whole.record(each)
        halves[index % 2].record(each)
    together = Latencies()
    for half in halves:
        together.add(Latencies(json.loads(json.dumps(half.pack()))))
    assert together.count == whole.count == len(seconds)
    for percentile in (50, 99, 99.99):
        assert together.at(percentile) == whole.at(percentile)


def test_what_is_too_short_or_too_long_to_tell_is_counted_all_the_same() -> None:
    latencies = Latencies()
    latencies.record(1e-9)
    latencies.record(1e9)
    assert latencies.count == 2
    assert latencies.at(50) == 1
    assert latencies.longest == pytest.approx(HIGHEST, rel=1e-3)


def test_of_nothing_there_are_no_percentiles() -> None:
    assert (Latencies().at(50), Latencies().longest, Latencies().count) == (None, None, 0)


def test_a_tally_survives_the_way_between_processes() -> None:
    tally = Tally()
    tally["pay"].latencies.record(0.002)
    tally["pay"].trips = 5
    tally["pay"].refused["insufficient-stock"] = 2
    tally["search"].failed["TimeoutError"] = 1
    again = Tally()
    for _ in range(2):
        again.add(Tally.unpack(json.loads(json.dumps(tally.pack()))))
    total = again.total()
    assert (total.latencies.count, total.trips) == (2, 10)
    assert (total.refused, total.failed) == ({"insufficient-stock": 4}, {"TimeoutError": 2})
