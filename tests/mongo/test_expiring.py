"""Expiring entries on MongoDB: a second insert is run again, every look-up has an index, no index removes any."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from conformance.interleaving import Pause, StoragePair, add_user, paused, wait_briefly, wait_for
from core import clock
from core.entities import EntryKind, ExpiringEntry
from core.plugins import Registry
from core.settings import Settings
from core.storage import Storage, Transaction
from tests.harness.kind import database_name
from tests.mongo.deployment import open_client
from tests.mongo.listener import add_listener
from tests.mongo.plans import Command, CommandRecorder, explain_stages, split_command

pytestmark = pytest.mark.only("mongodb")

NOW = clock.now()
ENTRY = ExpiringEntry(
    key="0" * 64, kind=EntryKind.SESSION, user_id=1, value="first", expires_at=NOW + timedelta(hours=1)
)
INDEXED = {"IXSCAN", "IDHACK"}


@pytest.fixture
async def recorded(
    settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Storage, list[Command]]]:
    """A storage with one user, and the look-ups that it sends to the database."""
    recorder = CommandRecorder()
    add_listener(monkeypatch, recorder)
    storage = await registry.choose(settings).open(settings)
    await storage.run(lambda tx: add_user(tx, "ada"))
    recorder.commands.clear()
    yield storage, recorder.commands
    await storage.close()


@pytest.mark.parametrize("expired", [None, replace(ENTRY, expires_at=NOW)], ids=["a free key", "an expired entry"])
async def test_second_insert_reruns_and_finds_entry(storages: StoragePair, expired: ExpiringEntry | None) -> None:
    async def prepare(tx: Transaction) -> None:
        await add_user(tx, "ada")
        if expired:
            await tx.expiring.insert_or_lock(expired, NOW)

    async def first(tx: Transaction, pause: Pause) -> ExpiringEntry | None:
        found = await tx.expiring.insert_or_lock(ENTRY, NOW)
        await pause()
        return found

    runs = 0

    async def second(tx: Transaction) -> ExpiringEntry | None:
        nonlocal runs
        runs += 1
        return await tx.expiring.insert_or_lock(replace(ENTRY, value="second"), NOW)

    await storages.first.run(prepare)
    async with paused(storages.first, first) as inserted:
        other = asyncio.create_task(storages.second.run(second))
        assert not await wait_briefly(other)
        assert await inserted.finish() is None
        assert await wait_for(other) == ENTRY
    assert runs > 1


async def test_expiring_queries_use_an_index(settings: Settings, recorded: tuple[Storage, list[Command]]) -> None:
    storage, commands = recorded
    await storage.run(use_every_method)
    await storage.expiring.get(ENTRY.key, NOW)
    await storage.expiring.owner(ENTRY.key, NOW)
    await storage.users.credentials("Ada")
    await storage.users.credentials("ada@example.com")
    assert {next(iter(command)) for command in commands} == {"find", "aggregate", "update", "delete"}
    async with open_client(settings.url) as client:
        for single in (single for command in commands for single in split_command(command)):
            plan = await explain_stages(client, database_name(settings.url), single)
            assert plan & INDEXED, single
            assert "COLLSCAN" not in plan, single


async def use_every_method(tx: Transaction) -> None:
    await tx.expiring.insert_or_lock(ENTRY, NOW)
    await tx.expiring.lock(ENTRY.key, NOW)
    await tx.expiring.save(replace(ENTRY, value="second"))
    await tx.expiring.delete("1" * 64)
    await tx.expiring.delete_for_user(1, EntryKind.SESSION, keep=ENTRY.key)
    await tx.expiring.delete_for_user(1, EntryKind.ATTEMPT_COUNTER)
    await tx.expiring.delete_expired(NOW)


async def test_no_index_expires_documents(settings: Settings) -> None:
    async with open_client(settings.url) as client:
        database = client[database_name(settings.url)]
        for name in await database.list_collection_names():
            indexes = await database[name].index_information()
            assert [title for title, options in indexes.items() if "expireAfterSeconds" in options] == []
