"""One request sequence on several storages at the same time, with a frozen clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from fastapi import FastAPI

from conformance.fuzz.participant import Divergence, Participant, Reply
from conformance.fuzz.steps import Line, Step, serialize
from conformance.target import Target
from core import clock

T = TypeVar("T")

START = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LISTS = ("users", "categories", "products", "orders", "posts", "tags")
STATE_READS = (
    *(Step("GET", f"/{name}?sort=id&page_size=100") for name in LISTS),
    *(Step("GET", path) for path in ("/categories/tree", "/products/by-category-stats", "/products/with-categories")),
    *(Step("GET", path) for path in ("/orders/stats/summary", "/users/top-spenders", "/users/stats/active-count")),
)


class DifferentialRunner:
    """Runs the same lines on every participant.

    Attributes:
        executed: the lines so far.
    """

    def __init__(self, participants: Sequence[Participant]) -> None:
        self.participants = participants
        self.executed: list[Line] = []
        self._now = START

    @classmethod
    @asynccontextmanager
    async def open(
        cls, targets: Sequence[Target], apps: Mapping[str, FastAPI], alter: Callable[[FastAPI], None] | None = None
    ) -> "AsyncIterator[DifferentialRunner]":
        """A runner with empty stores; ``apps`` has an application for each by name. Tests break one with ``alter``."""
        async with AsyncExitStack() as stack:
            participants = []
            for target in targets:
                participants.append(await stack.enter_async_context(Participant.open(target, apps[target.name])))
                if alter is not None:
                    alter(apps[target.name])
            runner = cls(participants)
            stack.enter_context(runner._frozen_clock())
            yield runner

    @contextmanager
    def _frozen_clock(self) -> Iterator[None]:
        before = clock.now
        setattr(clock, "now", lambda: self._now)  # noqa: B010 - a type checker forbids the plain assignment
        try:
            yield
        finally:
            setattr(clock, "now", before)  # noqa: B010

    async def execute(self, line: Line) -> None:
        """Send a line to every participant, concurrently if it has two requests, and check the replies.

        Raises:
            Divergence: a reply is wrong.
        """
        self.executed.append(line)
        try:
            await self._execute(line)
        except Exception as error:
            found = Divergence(str(error) if isinstance(error, Divergence) else f"{type(error).__name__}: {error}")
            found.transcript = serialize(self.executed)
            raise found from error

    async def _execute(self, line: Line) -> None:
        self._now += timedelta(milliseconds=line[0].wait)
        now = (self._now - _EPOCH) // timedelta(milliseconds=1)
        replies = await _gather(_send(each, line, now) for each in self.participants)
        names = [each.name for each in self.participants]
        for number in range(len(line)):
            _check_same_messages({name: each[number] for name, each in zip(names, replies, strict=True)})

    async def compare_state(self) -> None:
        """Read all data, and check it."""
        for step in STATE_READS:
            await self.execute((step,))


async def _send(participant: Participant, line: Line, now: int) -> Sequence[Reply]:
    requests = [participant.resolve(step) for step in line]
    replies = await _gather(participant.send(*request) for request in requests)
    participant.check_reply([raw for raw, _ in requests], replies, now)
    for step, reply in zip(line, replies, strict=True):
        participant.bind(step, reply)
    await participant.read_unseen(line, now)
    return replies


async def _gather(running: Iterable[Awaitable[T]]) -> list[T]:
    """The results of concurrent awaitables; the first error, once all have ended."""
    results = await asyncio.gather(*running, return_exceptions=True)
    if errors := [result for result in results if isinstance(result, BaseException)]:
        raise errors[0]
    return cast(list[T], results)


def _check_same_messages(replies: Mapping[str, Reply]) -> None:
    """The messages about invalid values are not in the model; they depend on no data, so all storages agree."""
    problems: dict[str, Any] = {
        name: {**reply.body, "instance": ""} for name, reply in replies.items() if reply.status == 422
    }
    if any(problem != next(iter(problems.values())) for problem in problems.values()):
        raise Divergence(f"Different messages: {problems}")
