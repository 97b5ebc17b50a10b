"""A database server that is ended and started again, for real, while the API stays up."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import count

import httpx2
import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.problem import error_of
from core.plugins import Registry
from tests.harness.databases import Databases
from tests.harness.kind import Absent, ServerKind
from tests.harness.run_directory import RunDirectory
from tests.serving import serving
from tests.sql.external_client import SERVERS, ExternalClient
from tests.sql.server import OwnServer

pytestmark = pytest.mark.only(*SERVERS)

AT_ONCE = 20  # requests at once: twice the connections of the pool


@pytest.fixture(scope="module")
def installed(conformance_target: Databases, pytestconfig: pytest.Config) -> Iterator[OwnServer]:
    """A server of these tests' own; each of them leaves it as it likes."""
    kind = conformance_target.server.kind
    assert isinstance(kind, ServerKind)
    site = RunDirectory.new()
    try:
        yield asyncio.run(OwnServer.set_up(kind, site))
    except Absent as reason:
        if kind.name in pytestconfig.getoption("require"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    finally:
        site.stop()


@pytest.fixture
async def server(installed: OwnServer) -> OwnServer:
    """It, running."""
    await installed.start()
    return installed


@pytest.fixture
async def client(server: OwnServer, registry: Registry) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an API that has a tag, and whose every connection to that server has been used."""
    settings = settings_for(await server.database(registry))
    app = create_app(settings, registry=registry)
    async with serving(app) as client:
        assert (await write(client, "First")).status_code == 201
        await asyncio.gather(*(client.get("/tags/1") for _ in range(AT_ONCE)))
        assert len(await ExternalClient(settings).sessions()) == settings.pool_size
        yield client


async def write(client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    return await client.post("/tags", json={"name": name})


async def names(client: httpx2.AsyncClient) -> set[str]:
    found: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get("/tags", params={"page_size": 100, "sort": "id", "cursor": cursor})).json()
        found |= {tag["name"] for tag in page["items"]}
        cursor = page["next_cursor"]
    return found


async def test_restart_between_requests_is_transparent(client: httpx2.AsyncClient, server: OwnServer) -> None:
    await server.restart()
    reads = await asyncio.gather(*(client.get("/tags/1") for _ in range(AT_ONCE)))
    assert Counter(answer.status_code for answer in reads) == {200: AT_ONCE}
    await server.restart()
    writes = await asyncio.gather(*(write(client, f"second {number}") for number in range(AT_ONCE)))
    assert Counter(answer.status_code for answer in writes) == {201: AT_ONCE}
    await server.restart()
    assert (await write(client, "alone")).status_code == 201
    assert (await client.get("/tags")).json()["total"] == AT_ONCE + 2


async def test_stopped_server_is_503_until_started(client: httpx2.AsyncClient, server: OwnServer) -> None:
    server.stop()
    for _ in range(2):  # first on connections that were good, then without any
        paths = ("/tags/1", "/tags", "/health", "/health/db", "/readyz")
        answers = await asyncio.gather(write(client, "lost"), *map(client.get, paths))
        assert {error_of(answer) for answer in answers} == {(503, "storage-unavailable")}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert (await client.get("/livez")).status_code == 200
    await server.start()
    answers = await asyncio.gather(
        *(client.get("/tags/1") for _ in range(AT_ONCE)),
        *(write(client, f"back {number}") for number in range(AT_ONCE)),
    )
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE, 201: AT_ONCE}
    assert (await client.get("/tags")).json()["total"] == AT_ONCE + 1
    assert (await client.get("/health/db")).json()["status"] == "healthy"


async def test_restart_under_load_loses_nothing(client: httpx2.AsyncClient, server: OwnServer) -> None:
    ended = asyncio.Event()
    read: Counter[int] = Counter()
    written: dict[str, httpx2.Response] = {}
    answered: asyncio.Queue[None] = asyncio.Queue()

    async def requests_go_on() -> None:
        """Return once every client has been answered that was already waiting, and as many requests once more."""
        while not answered.empty():
            answered.get_nowait()
        for _ in range(3 * AT_ONCE):
            await answered.get()

    async def load(number: int) -> None:
        for turn in count():
            name = f"{number} {turn}"
            written[name] = await write(client, name)
            read[(await client.get("/tags/1")).status_code] += 1
            answered.put_nowait(None)
            if ended.is_set():
                return
            await asyncio.sleep(0.01)

    clients = asyncio.gather(*(load(number) for number in range(AT_ONCE)))
    for _ in range(2):
        await requests_go_on()
        await asyncio.to_thread(server.stop)  # while requests go on
        await requests_go_on()
        await server.start()
    ended.set()
    await clients
    refused = {name for name, answer in written.items() if answer.status_code != 201}
    assert {error_of(written[name]) for name in refused} == {(503, "storage-unavailable")}
    assert set(read) == {200, 503}
    kept = await names(client)
    assert kept >= written.keys() - refused
    assert (await client.get("/health/db")).json()["connections_in_use"] == 0
