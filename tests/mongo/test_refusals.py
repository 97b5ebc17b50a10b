"""Servers that cannot be used, told at the start in one line; and faults that a server has while it is used."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backends.mongo import storage as mongo_storage
from conformance.defaults import settings_for
from conformance.processes.ports import Ports
from conformance.processes.process import Failed
from conformance.processes.serving import serving
from core.clock import now
from core.entities import CategoryDraft
from core.errors import StockroomError, TransientConflict, Unavailable
from core.plugins import Registry
from core.storage import Storage, Transaction
from tests.harness.kind import database_url
from tests.harness.run_directory import RunDirectory
from tests.mongo.deployment import connected, failing, initiate, start

pytestmark = pytest.mark.only("mongodb")

SECRET = "geheim-4711"
INITIATE = "`mongosh --eval 'rs.initiate()'`"
SHORTLY = "serverSelectionTimeoutMS=500"
COMMIT_FAULTS = {
    "connection lost": {"closeConnection": True},
    "time is up": {"errorCode": 50},
    "committed, but the majority was not heard of": {"writeConcernError": {"code": 64, "errmsg": "waited in vain"}},
}


@pytest.fixture(scope="module")
def faulty_url(site: RunDirectory, mongod: Path, registry: Registry) -> str:
    """A database on a replica set of one whose commands can be made to fail."""

    async def prepare() -> str:
        url = database_url(await initiate(await start(site, mongod, "--setParameter=enableTestCommands=1")), "shop")
        settings = settings_for(url)
        await registry.choose(settings).migrations(settings).up()
        return url

    return asyncio.run(prepare())


@pytest.fixture
async def faulty(faulty_url: str, registry: Registry) -> AsyncIterator[Storage]:
    """That database, opened, its ids reserved, and without categories."""
    settings = settings_for(faulty_url)
    storage = await registry.choose(settings).open(settings)
    async with connected(faulty_url) as client:
        await client["shop"]["categories"].delete_many({})
    yield storage
    await storage.close()


class Unit:
    """A unit of work that stores a category and counts how often it is run."""

    def __init__(self, name: str) -> None:
        self.runs = 0
        self._draft = CategoryDraft(name=name, slug=name)

    async def __call__(self, tx: Transaction) -> None:
        self.runs += 1
        await tx.categories.add([self._draft], now())


async def stored(storage: Storage) -> list[str]:
    return [category.name for category in await storage.categories.all()]


def ended(url: str, folder: Path) -> list[str]:
    """The lines that ``stockroom serve`` writes before it ends with code 2; no credentials in them."""
    with serving(settings_for(url), folder, 1) as [server]:
        with pytest.raises(Failed, match=r"^it ended with code 2: "):
            asyncio.run(server.ready())
        said = server.process.tail(1000)
    assert SECRET not in said
    assert "Traceback" not in said
    return said.splitlines()


def refused(url: str, folder: Path) -> str:
    """The only line."""
    [line] = ended(url, folder)
    assert line.startswith("stockroom: ")
    return line


def test_a_standalone_server_is_refused_with_the_two_commands(site: RunDirectory, mongod: Path, tmp_path: Path) -> None:
    node = asyncio.run(start(site, mongod, replicated=False))
    said = refused(f"mongodb://127.0.0.1:{node.port}/shop", tmp_path)
    assert "standalone" in said
    assert "`mongod --replSet rs0 ...`" in said
    assert INITIATE in said


def test_a_server_that_waits_to_be_initiated_is_refused_with_the_command(
    site: RunDirectory, mongod: Path, tmp_path: Path
) -> None:
    node = asyncio.run(start(site, mongod))
    said = refused(f"mongodb://127.0.0.1:{node.port}/shop?{SHORTLY}", tmp_path)
    assert INITIATE in said
    assert "--replSet" not in said


def test_a_wrong_password_is_told_without_repeating_it(faulty_url: str, tmp_path: Path) -> None:
    async def register() -> None:
        async with connected(faulty_url) as client:
            await client.admin.command("createUser", "clerk", pwd="another", roles=["root"])

    asyncio.run(register())
    url = faulty_url.replace("://", f"://clerk:{SECRET}@") + "&authSource=admin"
    assert "refused the user or password" in refused(url, tmp_path)


@pytest.fixture
def nowhere(mongod: Path) -> Iterator[str]:
    """A URL where nobody listens."""
    ports = Ports()
    yield f"mongodb://clerk:{SECRET}@127.0.0.1:{ports.take()}/shop?{SHORTLY}"
    ports.release()


def test_a_server_that_is_not_there_is_told_in_one_line(nowhere: str, tmp_path: Path) -> None:
    said = refused(nowhere, tmp_path)
    assert "nobody answers at 127.0.0.1:" in said
    assert SECRET not in said


@pytest.mark.parametrize("command", ["insert", "commitTransaction"])
async def test_a_transient_error_runs_the_whole_unit_of_work_again(
    faulty: Storage, faulty_url: str, command: str
) -> None:
    unit = Unit("again")
    fault = {"errorCode": 112, "errorLabels": ["TransientTransactionError"]}
    async with failing(faulty_url, command, {"times": 2}, **fault):
        await faulty.run(unit)
    assert unit.runs == 3
    assert await stored(faulty) == ["again"]


async def test_a_connection_lost_before_the_commit_runs_the_whole_unit_of_work_again(
    faulty: Storage, faulty_url: str
) -> None:
    unit = Unit("again")
    async with failing(faulty_url, "insert", {"times": 1}, closeConnection=True):
        await faulty.run(unit)
    assert unit.runs == 2
    assert await stored(faulty) == ["again"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"closeConnection": True}, "storage-unavailable"),
        ({"errorCode": 112, "errorLabels": ["TransientTransactionError"]}, "too-many-conflicts"),
    ],
    ids=["connections lost", "conflicts"],
)
async def test_what_goes_on_for_too_long_is_called_what_it_is(
    faulty: Storage, faulty_url: str, monkeypatch: pytest.MonkeyPatch, fault: dict[str, object], said: str
) -> None:
    monkeypatch.setattr(mongo_storage, "POLICY", replace(mongo_storage.POLICY, attempts=3))
    unit = Unit("never")
    async with failing(faulty_url, "insert", "alwaysOn", **fault):
        with pytest.raises(Unavailable) as refusal:
            await faulty.run(unit)
    assert refusal.value.code == said
    assert unit.runs == 3


@pytest.mark.parametrize("fault", COMMIT_FAULTS.values(), ids=COMMIT_FAULTS)
async def test_a_commit_of_unknown_outcome_is_sent_again_and_nothing_else(
    faulty: Storage, faulty_url: str, fault: dict[str, object]
) -> None:
    unit = Unit("once")
    async with failing(faulty_url, "commitTransaction", {"times": 3}, **fault):
        await faulty.run(unit)
    assert unit.runs == 1
    assert await stored(faulty) == ["once"]


async def test_a_commit_whose_outcome_stays_unknown_is_said_to_be(
    faulty: Storage, faulty_url: str, registry: Registry
) -> None:
    settings = settings_for(faulty_url, database_timeout=0.5)
    storage = await registry.choose(settings).open(settings)
    unit = Unit("perhaps")
    async with failing(faulty_url, "commitTransaction", "alwaysOn", errorCode=50):
        with pytest.raises(Unavailable, match="did not say"):
            await storage.run(unit)
    await storage.close()
    assert unit.runs == 1
    assert await stored(faulty) == []


async def test_a_commit_that_is_refused_keeps_nothing(faulty: Storage, faulty_url: str) -> None:
    unit = Unit("never")
    async with failing(faulty_url, "commitTransaction", {"times": 1}, errorCode=20):
        with pytest.raises(StockroomError) as refusal:
            await faulty.run(unit)
    assert not isinstance(refusal.value, Unavailable | TransientConflict)
    assert unit.runs == 1
    assert await stored(faulty) == []


async def test_a_read_whose_connection_is_lost_is_sent_again(faulty: Storage, faulty_url: str) -> None:
    await faulty.run(Unit("there"))
    async with failing(faulty_url, "find", {"times": 1}, closeConnection=True):
        assert await stored(faulty) == ["there"]
