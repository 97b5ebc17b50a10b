"""Latency histograms and counts of outcomes."""

import json
from random import Random

import pytest

from compare.histograms import MAX_MICROSECONDS, LatencyHistogram, OperationStats


@pytest.fixture
def seconds() -> list[float]:
    random = Random(5)
    return [random.lognormvariate(-6, 1) for _ in range(20_000)]


@pytest.mark.parametrize("percentile", [1, 50, 90, 99, 99.9])
def test_percentiles_are_exact_to_three_digits(seconds: list[float], percentile: float) -> None:
    latencies = LatencyHistogram()
    for latency in seconds:
        latencies.record(latency)
    rank = max(1, round(percentile / 100 * len(seconds)))
    assert latencies.percentile(percentile) == pytest.approx(sorted(seconds)[rank - 1] * 1e6, rel=2e-3, abs=1)
    assert latencies.max == pytest.approx(max(seconds) * 1e6, rel=1e-3)


def test_packed_histograms_add_up(seconds: list[float]) -> None:
    whole, halves = LatencyHistogram(), [LatencyHistogram(), LatencyHistogram()]
    for index, latency in enumerate(seconds):
        whole.record(latency)
        halves[index % 2].record(latency)
    total = LatencyHistogram()
    for half in halves:
        total.add(LatencyHistogram(json.loads(json.dumps(half.pack()))))
    assert total.count == whole.count == len(seconds)
    for percentile in (50, 99, 99.99):
        assert total.percentile(percentile) == whole.percentile(percentile)


def test_latency_beyond_the_range_is_counted() -> None:
    latencies = LatencyHistogram()
    latencies.record(1e-9)
    latencies.record(1e9)
    assert latencies.count == 2
    assert latencies.percentile(50) == 1
    assert latencies.max == pytest.approx(MAX_MICROSECONDS, rel=1e-3)


def test_empty_histogram_has_no_percentiles() -> None:
    assert (LatencyHistogram().percentile(50), LatencyHistogram().max, LatencyHistogram().count) == (None, None, 0)


def test_operation_stats_are_restored_from_packed() -> None:
    stats = OperationStats()
    stats["pay"].latencies.record(0.002)
    stats["pay"].round_trips = 5
    stats["pay"].refused["insufficient-stock"] = 2
    stats["search"].failed["TimeoutError"] = 1
    restored = OperationStats()
    for _ in range(2):
        restored.add(OperationStats.unpack(json.loads(json.dumps(stats.pack()))))
    total = restored.total()
    assert (total.latencies.count, total.round_trips) == (2, 10)
    assert (total.refused, total.failed) == ({"insufficient-stock": 4}, {"TimeoutError": 2})
