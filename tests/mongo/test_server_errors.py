"""Errors of servers: one line at the start for a server that cannot be used, and faults while it is used."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backends.mongo import storage as mongo_storage
from conformance.defaults import settings_for
from conformance.processes.ports import PortPool
from conformance.processes.process import ProcessFailed
from conformance.processes.servers import start_servers
from core.errors import StockroomError, TransientConflict, Unavailable
from core.plugins import Registry
from core.storage import Storage
from tests.harness.run_directory import RunDirectory
from tests.mongo.deployment import failpoint, open_client, start_node
from tests.mongo.units import CountedUnit, category_names

pytestmark = pytest.mark.only("mongodb")

SECRET = "geheim-4711"
INITIATE = "`mongosh --eval 'rs.initiate()'`"
SHORT_TIMEOUT = "serverSelectionTimeoutMS=500"
COMMIT_FAULTS = {
    "connection lost": {"closeConnection": True},
    "time is up": {"errorCode": 50},
    "committed, but not by the majority in time": {"writeConcernError": {"code": 64, "errmsg": "waited in vain"}},
}


def read_output(url: str, folder: Path) -> list[str]:
    """The lines that ``stockroom serve`` writes before it ends with code 2, without credentials."""
    with start_servers(settings_for(url), folder, 1) as [server]:
        with pytest.raises(ProcessFailed, match=r"^it ended with code 2: "):
            asyncio.run(server.wait_until_ready())
        output = server.process.tail(1000)
    assert SECRET not in output
    assert "Traceback" not in output
    return output.splitlines()


def read_error(url: str, folder: Path) -> str:
    """The only line of output."""
    [line] = read_output(url, folder)
    assert line.startswith("stockroom: ")
    return line


def test_standalone_server_error_shows_two_commands(site: RunDirectory, mongod: Path, tmp_path: Path) -> None:
    node = asyncio.run(start_node(site, mongod, is_replicated=False))
    error = read_error(f"mongodb://127.0.0.1:{node.port}/shop", tmp_path)
    assert "standalone" in error
    assert "`mongod --replSet rs0 ...`" in error
    assert INITIATE in error


def test_uninitiated_server_error_shows_command(site: RunDirectory, mongod: Path, tmp_path: Path) -> None:
    node = asyncio.run(start_node(site, mongod))
    error = read_error(f"mongodb://127.0.0.1:{node.port}/shop?{SHORT_TIMEOUT}", tmp_path)
    assert INITIATE in error
    assert "--replSet" not in error


def test_wrong_password_error_hides_password(faulty_url: str, tmp_path: Path) -> None:
    async def register() -> None:
        async with open_client(faulty_url) as client:
            await client.admin.command("createUser", "clerk", pwd="another", roles=["root"])

    asyncio.run(register())
    url = faulty_url.replace("://", f"://clerk:{SECRET}@") + "&authSource=admin"
    assert "refused the user or password" in read_error(url, tmp_path)


@pytest.fixture
def nowhere(mongod: Path) -> Iterator[str]:
    """A URL without a server."""
    ports = PortPool()
    yield f"mongodb://clerk:{SECRET}@127.0.0.1:{ports.acquire()}/shop?{SHORT_TIMEOUT}"
    ports.release()


def test_unreachable_server_error_is_one_line(nowhere: str, tmp_path: Path) -> None:
    error = read_error(nowhere, tmp_path)
    assert "no server listens at 127.0.0.1:" in error
    assert SECRET not in error


@pytest.mark.parametrize("command", ["insert", "commitTransaction"])
async def test_transient_error_reruns_unit_of_work(faulty: Storage, faulty_url: str, command: str) -> None:
    unit = CountedUnit("again")
    fault = {"errorCode": 112, "errorLabels": ["TransientTransactionError"]}
    async with failpoint(faulty_url, command, {"times": 2}, **fault):
        await faulty.run(unit)
    assert unit.runs == 3
    assert await category_names(faulty) == ["again"]


async def test_connection_lost_before_commit_reruns_unit(faulty: Storage, faulty_url: str) -> None:
    unit = CountedUnit("again")
    async with failpoint(faulty_url, "insert", {"times": 1}, closeConnection=True):
        await faulty.run(unit)
    assert unit.runs == 2
    assert await category_names(faulty) == ["again"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"closeConnection": True}, "storage-unavailable"),
        ({"errorCode": 112, "errorLabels": ["TransientTransactionError"]}, "too-many-conflicts"),
    ],
    ids=["connections lost", "conflicts"],
)
async def test_exhausted_retries_report_their_cause(
    faulty: Storage, faulty_url: str, monkeypatch: pytest.MonkeyPatch, fault: dict[str, object], code: str
) -> None:
    monkeypatch.setattr(mongo_storage, "RETRY_POLICY", replace(mongo_storage.RETRY_POLICY, attempts=3))
    unit = CountedUnit("never")
    async with failpoint(faulty_url, "insert", "alwaysOn", **fault):
        with pytest.raises(Unavailable) as refusal:
            await faulty.run(unit)
    assert refusal.value.code == code
    assert unit.runs == 3


@pytest.mark.parametrize("fault", COMMIT_FAULTS.values(), ids=COMMIT_FAULTS)
async def test_unknown_commit_is_sent_again_alone(faulty: Storage, faulty_url: str, fault: dict[str, object]) -> None:
    unit = CountedUnit("once")
    async with failpoint(faulty_url, "commitTransaction", {"times": 3}, **fault):
        await faulty.run(unit)
    assert unit.runs == 1
    assert await category_names(faulty) == ["once"]


async def test_commit_that_stays_unknown_is_unavailable(faulty: Storage, faulty_url: str, registry: Registry) -> None:
    settings = settings_for(faulty_url, database_timeout=0.5)
    storage = await registry.choose(settings).open(settings)
    unit = CountedUnit("perhaps")
    async with failpoint(faulty_url, "commitTransaction", "alwaysOn", errorCode=50):
        with pytest.raises(Unavailable, match="did not say"):
            await storage.run(unit)
    await storage.close()
    assert unit.runs == 1
    assert await category_names(faulty) == []


async def test_refused_commit_keeps_nothing(faulty: Storage, faulty_url: str) -> None:
    unit = CountedUnit("never")
    async with failpoint(faulty_url, "commitTransaction", {"times": 1}, errorCode=20):
        with pytest.raises(StockroomError) as refusal:
            await faulty.run(unit)
    assert not isinstance(refusal.value, Unavailable | TransientConflict)
    assert unit.runs == 1
    assert await category_names(faulty) == []


async def test_read_is_sent_again_after_lost_connection(faulty: Storage, faulty_url: str) -> None:
    await faulty.run(CountedUnit("there"))
    async with failpoint(faulty_url, "find", {"times": 1}, closeConnection=True):
        assert await category_names(faulty) == ["there"]
