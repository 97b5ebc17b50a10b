"""Servers that take no writes, and connections to them."""

import asyncio
from pathlib import Path

import pytest

from conformance.defaults import settings_for
from core.errors import Unavailable
from core.plugins import Registry
from core.storage import Storage
from tests.harness.kind import database_url
from tests.harness.run_directory import RunDirectory
from tests.mongo.deployment import failpoint, find_primary, initiate, open_client, start_node, wait_until_member
from tests.mongo.units import CountedUnit, category_names

pytestmark = pytest.mark.only("mongodb")

MAX_RUNS = 5
CODES = {10107: "not primary", 13435: "not primary", 189: "stepped down", 371: "writes blocked", 14031: "disk full"}


async def assert_takes_no_writes(storage: Storage) -> None:
    """A write is refused soon enough for a probe."""
    unit = CountedUnit("never")
    with pytest.raises(Unavailable) as refusal:
        await storage.run(unit)
    assert refusal.value.code == "storage-unavailable"
    assert unit.runs <= MAX_RUNS


async def try_to_write(storage: Storage) -> bool:
    """Whether a write was acknowledged."""
    try:
        await storage.run(CountedUnit("after"))
    except Unavailable:
        return False
    return True


@pytest.mark.parametrize("code", CODES, ids=[f"{code} {what}" for code, what in CODES.items()])
async def test_refused_writes_are_soon_unavailable(faulty: Storage, faulty_url: str, code: int) -> None:
    async with failpoint(faulty_url, "insert", "alwaysOn", errorCode=code):
        await assert_takes_no_writes(faulty)
    await faulty.run(CountedUnit("again"))
    assert await category_names(faulty) == ["again"]


async def test_writes_go_on_after_a_step_down(faulty: Storage, faulty_url: str) -> None:
    await faulty.run(CountedUnit("before"))
    async with open_client(faulty_url) as client:
        await client.admin.command("replSetStepDown", 1, force=True)
    async with asyncio.timeout(30):
        while not await try_to_write(faulty):  # noqa: ASYNC110 - another server decides
            await asyncio.sleep(0.1)
    assert await category_names(faulty) == ["after", "before"]


async def test_secondary_alone_takes_reads_only(site: RunDirectory, mongod: Path, registry: Registry) -> None:
    nodes = await asyncio.gather(*(start_node(site, mongod) for _ in range(2)))
    url = await initiate(*nodes, electionTimeoutMillis=1500, heartbeatIntervalMillis=500)
    await asyncio.gather(*(wait_until_member(node) for node in nodes))
    migrated = settings_for(database_url(url, "shop"))
    await registry.choose(migrated).migrations(migrated).up()
    primary = await find_primary(url)
    [secondary] = [node for node in nodes if node.port != primary]
    settings = settings_for(database_url(secondary.url, "shop"))
    storage = await registry.choose(settings).open(settings)
    try:
        assert await category_names(storage) == []
        await assert_takes_no_writes(storage)
    finally:
        await storage.close()
