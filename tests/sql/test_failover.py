"""Several hosts in a URL: the one that takes writes is found, and found again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.shop import Shop
from core.errors import ConfigurationError
from core.plugins import Registry
from tests.harness.databases import Databases
from tests.harness.kind import Absent, ServerKind
from tests.harness.run_directory import RunDirectory
from tests.serving import serving
from tests.sql.external_client import SERVERS, ExternalClient
from tests.sql.server import OwnServer

pytestmark = [pytest.mark.only(*SERVERS), pytest.mark.thorough]

_READ_ONLY = {
    "postgresql": ("ALTER SYSTEM SET default_transaction_read_only = {}", "SELECT pg_reload_conf()"),
    "mysql": ("SET GLOBAL read_only = {}",),
    "mariadb": ("SET GLOBAL read_only = {}",),
}


@dataclass
class Pair:
    """Two servers with a database of one name, and the URL that names both."""

    servers: list[OwnServer]
    urls: list[str]

    @property
    def url(self) -> str:
        """Of both."""
        hosts = ",".join(urlsplit(url).netloc.rpartition("@")[2] for url in self.urls)
        parts = urlsplit(self.urls[0])
        return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{hosts}").geturl()

    async def set_read_only(self, number: int, value: str) -> None:
        """Let a server refuse or take writes, from its next session on."""
        external = ExternalClient(settings_for(self.urls[number]))
        await external.run(*(sql.format(value) for sql in _READ_ONLY[external.dialect.name]))
        await external.end_all()


@pytest.fixture(scope="module")
def installed(conformance_target: Databases) -> Iterator[list[OwnServer]]:
    """Two servers, not yet started."""
    kind, site = conformance_target.server.kind, RunDirectory.new()
    assert isinstance(kind, ServerKind)
    try:
        yield [asyncio.run(OwnServer.set_up(kind, site, name)) for name in ("one", "two")]
    except Absent as reason:
        pytest.skip(str(reason))
    finally:
        site.stop()


@pytest.fixture
async def pair(installed: list[OwnServer], registry: Registry) -> AsyncIterator[Pair]:
    """Both started; the first takes no writes."""
    for server in installed:
        await server.start()
    pair = Pair(installed, [await server.database(registry) for server in installed])
    await pair.set_read_only(0, "ON")
    yield pair
    for number in (0, 1):
        await pair.set_read_only(number, "OFF")


async def test_writable_host_is_found_again_after_failover(pair: Pair, registry: Registry) -> None:
    async with serving(create_app(settings_for(pair.url), registry=registry)) as client:
        shop = Shop(client)
        first = await shop.create("/tags", {"name": "on the second"})
        await pair.set_read_only(0, "OFF")
        await pair.set_read_only(1, "ON")
        await shop.create("/tags", {"name": "on the first"})
        assert [tag["name"] for tag in (await shop.get("/tags"))["items"]] == ["on the first"]
        await pair.set_read_only(0, "ON")
        await pair.set_read_only(1, "OFF")
        assert (await shop.get(f"/tags/{first['id']}"))["name"] == "on the second"


async def test_stopped_host_is_passed_over(pair: Pair, registry: Registry) -> None:
    pair.servers[0].stop()
    try:
        async with serving(create_app(settings_for(pair.url), registry=registry)) as client:
            await Shop(client).create("/tags", {"name": "red"})
    finally:
        await pair.servers[0].start()


async def test_no_writable_host_is_explained(pair: Pair, registry: Registry) -> None:
    await pair.set_read_only(1, "ON")
    settings = settings_for(pair.url)
    with pytest.raises(ConfigurationError, match="the server takes no writes"):
        await registry.choose(settings).open(settings)
