"""Closed and open loops, in virtual time."""

import asyncio

import pytest

from compare.histograms import LatencyHistogram
from compare.loops import ANSWER_TIMEOUT_SECONDS, ClientsTimedOut, run_closed_loop, run_open_loop
from tests.clocks import VirtualClock

MS = 1000
"""In microseconds."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    clock = VirtualClock()
    monkeypatch.setattr("compare.loops.perf_counter", clock)
    return clock


class Shop:
    """Answers after ``latency`` seconds. Stalls for ``stall`` seconds from the end of the first second."""

    def __init__(self, clock: VirtualClock, latency: float, stall: float = 0.0) -> None:
        self._clock, self._latency, self._stall_end = clock, latency, clock() + 1 + stall
        self._stall = stall
        self.latencies = LatencyHistogram()
        self.concurrent = self.max_concurrent = 0

    async def send(self, _number: int, since: float) -> None:
        self.concurrent += 1
        self.max_concurrent = max(self.max_concurrent, self.concurrent)
        left = self._stall_end - self._clock()
        await asyncio.sleep(self._latency + (left if left < self._stall else 0) * (left > 0))
        self.concurrent -= 1
        self.latencies.record(self._clock() - since)


def test_closed_loop_sends_after_each_answer(clock: VirtualClock) -> None:
    shop = Shop(clock, latency=0.01)
    seconds = clock.run(run_closed_loop(shop.send, 4, 2.0))
    assert shop.max_concurrent == 4
    assert seconds == pytest.approx(2.0, abs=0.02)
    assert shop.latencies.count == pytest.approx(4 * 200, abs=8)
    assert shop.latencies.percentile(99) == pytest.approx(10 * MS, rel=0.02)


def test_open_loop_sends_evenly(clock: VirtualClock) -> None:
    shop = Shop(clock, latency=0.001)
    seconds, unserved = clock.run(run_open_loop(shop.send, 200, 16, 2.0))
    assert (shop.latencies.count, unserved) == (400, 0)
    assert seconds == pytest.approx(2.0, abs=0.01)
    assert shop.latencies.max == pytest.approx(1 * MS, rel=0.1)


def test_open_loop_charges_a_stall_to_all_queued(clock: VirtualClock) -> None:
    """Of 400 arrivals, 100 a second, 200 arrive during the stall, and wait for 1 s on average."""
    shop = Shop(clock, latency=0.001, stall=2.0)
    _, unserved = clock.run(run_open_loop(shop.send, 100, 1, 4.0))
    assert (shop.latencies.count, unserved) == (400, 0)
    assert shop.latencies.max == pytest.approx(2000 * MS, rel=0.02)
    assert shop.latencies.percentile(75) == pytest.approx(1000 * MS, rel=0.15)
    assert (shop.latencies.percentile(40) or 0) < 100 * MS


def test_closed_loop_records_a_stall_once(clock: VirtualClock) -> None:
    """Coordinated omission, the reason for the open loop: during a stall no request is sent."""
    shop = Shop(clock, latency=0.001, stall=2.0)
    clock.run(run_closed_loop(shop.send, 1, 4.0))
    assert shop.latencies.max == pytest.approx(2000 * MS, rel=0.02)
    assert shop.latencies.percentile(99.9) == pytest.approx(1 * MS, rel=0.1)


def test_open_loop_bounds_concurrency(clock: VirtualClock) -> None:
    shop = Shop(clock, latency=0.02)
    seconds, unserved = clock.run(run_open_loop(shop.send, 300, 3, 1.0))
    assert (shop.max_concurrent, unserved) == (3, 0)
    assert seconds == pytest.approx(2.0, rel=0.05), "300 requests, 150 a second"
    assert shop.latencies.max == pytest.approx(1000 * MS, rel=0.05)


def test_open_loop_counts_unserved_arrivals(clock: VirtualClock) -> None:
    shop = Shop(clock, latency=0.1)
    seconds, unserved = clock.run(run_open_loop(shop.send, 1000, 10, 1.0))
    assert seconds == pytest.approx(3.0, rel=0.05), "the run of one second, and two to drain"
    assert shop.latencies.count == pytest.approx(300, abs=20)
    assert shop.latencies.count + unserved == 1000


def test_loop_times_out_without_answers(clock: VirtualClock) -> None:
    with pytest.raises(ClientsTimedOut, match="2 of 2 clients"):
        clock.run(run_closed_loop(Shop(clock, latency=3600).send, 2, 1.0))
    assert clock() == pytest.approx(1.0 + ANSWER_TIMEOUT_SECONDS, rel=0.01)
