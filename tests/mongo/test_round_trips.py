"""The recorded round trips are the commands that the driver sends."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

import pytest
from fastapi import FastAPI

from backends.mongo import driver
from conformance.dataset import Dataset
from conformance.shop import Shop
from conformance.suite.budget import BUDGETS
from core.settings import Settings
from tests.mongo.listener import open_shop

pytestmark = pytest.mark.only("mongodb")

SIZE = 4

_commands: ContextVar[list[str] | None] = ContextVar("commands", default=None)


class CommandCollector(driver.monitoring.CommandListener):
    """Collects the names of commands for their caller, whose context variables a thread of the driver has."""

    def started(self, event: driver.monitoring.CommandStartedEvent) -> None:
        commands = _commands.get()
        if commands is not None and event.command_name not in driver.HANDSHAKE_COMMANDS:
            commands.append(event.command_name)

    def succeeded(self, event: driver.monitoring.CommandSucceededEvent) -> None: ...
    def failed(self, event: driver.monitoring.CommandFailedEvent) -> None: ...


@pytest.fixture
async def shop(settings: Settings, built_app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """An API whose driver reports its commands."""
    async with open_shop(settings, built_app, monkeypatch, CommandCollector()) as shop:
        yield shop


@contextmanager
def collect_commands() -> Iterator[list[str]]:
    """Collect the names of the commands sent within."""
    commands: list[str] = []
    token = _commands.set(commands)
    try:
        yield commands
    finally:
        _commands.reset(token)


async def test_round_trips_match_the_drivers_commands(
    shop: Shop, round_trips: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    scene = await Dataset.create(shop, SIZE)
    for row in BUDGETS:
        asked = row.make_request(scene)
        url, body = await asked if inspect.isawaitable(asked) else asked
        with round_trips() as recorded, collect_commands() as commands:
            answer = await shop.client.request(row.operation.partition(" ")[0], url, json=body)
        assert answer.is_success, f"{row.name}: {answer.text}"
        assert len(recorded) == len(commands), f"{row.name}: {recorded}, but {commands}"


@pytest.mark.parametrize("body", [{"name": "taken"}, {"name": "x", "parent_id": 9}], ids=["duplicate", "unknown"])
async def test_refused_writes_count_their_round_trips(
    shop: Shop, round_trips: Callable[[], AbstractContextManager[list[str]]], body: dict[str, object]
) -> None:
    await shop.post("/categories", {"name": "taken"})
    with round_trips() as recorded, collect_commands() as commands:
        answer = await shop.client.post("/categories", json=body)
    assert answer.is_client_error
    assert (len(recorded), "abortTransaction" in commands) == (len(commands), True), f"{recorded}, but {commands}"
