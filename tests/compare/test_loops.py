"""Driving a shop, closed and at a fixed rate: in virtual time, so to the millisecond."""

import asyncio

import pytest

from compare.loops import PATIENCE, Stuck, closed, paced
from compare.tally import Latencies
from tests.compare.virtual_time import Clock

MS = 1000
"""In microseconds."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Shop:
    """Answers in ``pace`` seconds. From one second after the opening, it stands still for ``stall`` seconds."""

    def __init__(self, clock: Clock, pace: float, stall: float = 0.0) -> None:
        self._clock, self._pace, self._open_again = clock, pace, clock() + 1 + stall
        self._stall = stall
        self.latencies = Latencies()
        self.at_once = self.most = 0

    async def ask(self, _number: int, since: float) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        left = self._open_again - self._clock()
        await asyncio.sleep(self._pace + (left if left < self._stall else 0) * (left > 0))
        self.at_once -= 1
        self.latencies.record(self._clock() - since)


def test_each_client_asks_again_as_soon_as_it_is_answered(clock: Clock) -> None:
    shop = Shop(clock, pace=0.01)
    seconds = clock.run(closed(shop.ask, 4, 2.0))
    assert shop.most == 4
    assert seconds == pytest.approx(2.0, abs=0.02)
    assert shop.latencies.count == pytest.approx(4 * 200, abs=8)
    assert shop.latencies.at(99) == pytest.approx(10 * MS, rel=0.02)


def test_arrivals_come_evenly_and_are_sent_when_due(clock: Clock) -> None:
    shop = Shop(clock, pace=0.001)
    seconds, unserved = clock.run(paced(shop.ask, 200, 16, 2.0))
    assert (shop.latencies.count, unserved) == (400, 0)
    assert seconds == pytest.approx(2.0, abs=0.01)
    assert shop.latencies.longest == pytest.approx(1 * MS, rel=0.1)


def test_a_stall_is_charged_to_everybody_who_had_to_wait(clock: Clock) -> None:
    """Of 400 arrivals, 100 a second, 200 come while the shop stands still, and wait for 1 s on average."""
    shop = Shop(clock, pace=0.001, stall=2.0)
    _, unserved = clock.run(paced(shop.ask, 100, 1, 4.0))
    assert (shop.latencies.count, unserved) == (400, 0)
    assert shop.latencies.longest == pytest.approx(2000 * MS, rel=0.02)
    assert shop.latencies.at(75) == pytest.approx(1000 * MS, rel=0.15)
    assert (shop.latencies.at(40) or 0) < 100 * MS


def test_a_closed_loop_hardly_sees_the_same_stall(clock: Clock) -> None:
    """Coordinated omission, which is why there is a fixed rate: while nobody is answered, nobody asks."""
    shop = Shop(clock, pace=0.001, stall=2.0)
    clock.run(closed(shop.ask, 1, 4.0))
    assert shop.latencies.longest == pytest.approx(2000 * MS, rel=0.02)
    assert shop.latencies.at(99.9) == pytest.approx(1 * MS, rel=0.1)


def test_no_more_than_allowed_are_on_their_way_and_the_rest_waits(clock: Clock) -> None:
    shop = Shop(clock, pace=0.02)
    seconds, unserved = clock.run(paced(shop.ask, 300, 3, 1.0))
    assert (shop.most, unserved) == (3, 0)
    assert seconds == pytest.approx(2.0, rel=0.05), "300 requests, 150 a second"
    assert shop.latencies.longest == pytest.approx(1000 * MS, rel=0.05)


def test_arrivals_whose_turn_never_comes_are_told(clock: Clock) -> None:
    shop = Shop(clock, pace=0.1)
    seconds, unserved = clock.run(paced(shop.ask, 1000, 10, 1.0))
    assert seconds == pytest.approx(3.0, rel=0.05), "the second that was asked for, and two of grace"
    assert shop.latencies.count == pytest.approx(300, abs=20)
    assert shop.latencies.count + unserved == 1000


def test_a_shop_that_never_answers_is_left(clock: Clock) -> None:
    with pytest.raises(Stuck, match="2 of 2 clients"):
        clock.run(closed(Shop(clock, pace=3600).ask, 2, 1.0))
    assert clock() == pytest.approx(1.0 + PATIENCE, rel=0.01)
