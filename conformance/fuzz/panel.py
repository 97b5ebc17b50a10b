"""All storages that take part in one conversation, asked the same at the same time by a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from fastapi import FastAPI

from conformance.fuzz.seat import Divergence, Reply, Seat
from conformance.fuzz.steps import Line, Step, written
from conformance.target import Target
from core import clock

T = TypeVar("T")

NOON = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LISTS = ("users", "categories", "products", "orders", "posts", "tags")
EVERYTHING = (
    *(Step("GET", f"/{name}?sort=id&page_size=100") for name in LISTS),
    *(Step("GET", path) for path in ("/categories/tree", "/products/by-category-stats", "/products/with-categories")),
    *(Step("GET", path) for path in ("/orders/stats/summary", "/users/top-spenders", "/users/stats/active-count")),
)


class Panel:
    """The seats, and what was said so far."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self.seats = seats
        self.said: list[Line] = []
        self._now = NOON

    @classmethod
    @asynccontextmanager
    async def of(
        cls, targets: Sequence[Target], apps: Mapping[str, FastAPI], alter: Callable[[FastAPI], None] | None = None
    ) -> "AsyncIterator[Panel]":
        """A panel of empty stores; ``apps`` has an application for each by name. ``alter`` is for tests of this."""
        async with AsyncExitStack() as stack:
            seats = []
            for target in targets:
                seats.append(await stack.enter_async_context(Seat.at(target, apps[target.name])))
                if alter is not None:
                    alter(apps[target.name])
            panel = cls(seats)
            stack.enter_context(panel._clock())
            yield panel

    @contextmanager
    def _clock(self) -> Iterator[None]:
        before = clock.now
        setattr(clock, "now", lambda: self._now)  # noqa: B010 - a type checker forbids the plain assignment
        try:
            yield
        finally:
            setattr(clock, "now", before)  # noqa: B010

    async def hear(self, line: Line) -> None:
        """Ask every seat one line, at once if there are two requests in it, and judge the answers.

        Raises:
            Divergence: one is wrong.
        """
        self.said.append(line)
        try:
            await self._hear(line)
        except Exception as error:
            found = Divergence(str(error) if isinstance(error, Divergence) else f"{type(error).__name__}: {error}")
            found.transcript = written(self.said)
            raise found from error

    async def _hear(self, line: Line) -> None:
        self._now += timedelta(milliseconds=line[0].wait)
        now = (self._now - _EPOCH) // timedelta(milliseconds=1)
        heard = await _all(_ask(seat, line, now) for seat in self.seats)
        for number in range(len(line)):
            _require_same_words({seat.name: replies[number] for seat, replies in zip(self.seats, heard, strict=True)})

    async def look_round(self) -> None:
        """Read everything there is."""
        for step in EVERYTHING:
            await self.hear((step,))


async def _ask(seat: Seat, line: Line, now: int) -> Sequence[Reply]:
    asked = [seat.fill_in(step) for step in line]
    replies = await _all(seat.ask(*one) for one in asked)
    seat.judge([ask for ask, _ in asked], replies, now)
    for step, reply in zip(line, replies, strict=True):
        seat.remember(step, reply)
    await seat.reveal(line, now)
    return replies


async def _all(running: Iterable[Awaitable[T]]) -> list[T]:
    """The results of what runs at once; an error once everything has ended."""
    outcomes = await asyncio.gather(*running, return_exceptions=True)
    if errors := [outcome for outcome in outcomes if isinstance(outcome, BaseException)]:
        raise errors[0]
    return cast(list[T], outcomes)


def _require_same_words(replies: Mapping[str, Reply]) -> None:
    """The words about invalid values are not foretold; they depend on nothing stored, so all say the same."""
    said: dict[str, Any] = {
        name: {**reply.body, "instance": ""} for name, reply in replies.items() if reply.status == 422
    }
    if any(words != next(iter(said.values())) for words in said.values()):
        raise Divergence(f"Not the same words: {said}")
