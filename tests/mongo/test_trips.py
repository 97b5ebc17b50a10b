"""What is noted as a round trip is what the driver sends."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

import pytest
from fastapi import FastAPI

from backends.mongo import driver
from backends.mongo.commands import GREETINGS
from conformance.dataset import Dataset
from conformance.shop import Shop
from conformance.suite.budget import BUDGETS
from core.settings import Settings
from tests.mongo.watched import watched

pytestmark = pytest.mark.only("mongodb")

SIZE = 4

_seen: ContextVar[list[str] | None] = ContextVar("seen", default=None)


class Witness(driver.monitoring.CommandListener):
    """Keeps the names of the commands sent for whoever asks: a thread of the driver has the caller's variables."""

    def started(self, event: driver.monitoring.CommandStartedEvent) -> None:
        seen = _seen.get()
        if seen is not None and event.command_name not in GREETINGS:
            seen.append(event.command_name)

    def succeeded(self, event: driver.monitoring.CommandSucceededEvent) -> None: ...
    def failed(self, event: driver.monitoring.CommandFailedEvent) -> None: ...


@pytest.fixture
async def witnessed(settings: Settings, built_app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """A shop whose driver has a witness."""
    async with watched(settings, built_app, monkeypatch, Witness()) as shop:
        yield shop


@contextmanager
def sent() -> Iterator[list[str]]:
    """The names of the commands sent within."""
    seen: list[str] = []
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


async def test_every_command_is_noted_and_nothing_else(
    witnessed: Shop, round_trips: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    scene = await Dataset.create(witnessed, SIZE)
    for row in BUDGETS:
        asked = row.make_request(scene)
        url, body = await asked if inspect.isawaitable(asked) else asked
        with round_trips() as noted, sent() as seen:
            answer = await witnessed.client.request(row.operation.partition(" ")[0], url, json=body)
        assert answer.is_success, f"{row.name}: {answer.text}"
        assert len(noted) == len(seen), f"{row.name}: {noted}, but {seen}"


@pytest.mark.parametrize("body", [{"name": "taken"}, {"name": "x", "parent_id": 9}], ids=["duplicate", "unknown"])
async def test_what_was_refused_is_noted_too(
    witnessed: Shop, round_trips: Callable[[], AbstractContextManager[list[str]]], body: dict[str, object]
) -> None:
    await witnessed.post("/categories", {"name": "taken"})
    with round_trips() as noted, sent() as seen:
        answer = await witnessed.client.post("/categories", json=body)
    assert answer.is_client_error
    assert (len(noted), "abortTransaction" in seen) == (len(seen), True), f"{noted}, but {seen}"
