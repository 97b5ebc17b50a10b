"""Several hosts in a URL: one that answers is found, and found again when it is lost."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.shop import Shop
from core.errors import ConfigurationError
from core.plugins import Registry
from core.settings import Settings
from tests.serving import serving
from tests.sql.external_client import SERVERS, ExternalClient
from tests.sql.proxy import Proxy

pytestmark = pytest.mark.only(*SERVERS)

Hosts = tuple[Proxy, Proxy]


@pytest.fixture
async def hosts(settings: Settings) -> AsyncIterator[Hosts]:
    """Two ways to the server, as if it were two."""
    async with Proxy(settings.url) as one, Proxy(settings.url) as other:
        yield one, other


def url_of(hosts: Hosts) -> str:
    """Both, in the order of a URL."""
    parts = urlsplit(hosts[0].url)
    places = ",".join(urlsplit(proxy.url).netloc.rpartition("@")[2] for proxy in hosts)
    return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{places}").geturl()


async def test_lost_host_is_replaced_by_another(hosts: Hosts, registry: Registry) -> None:
    one, other = hosts
    await one.cut()
    async with serving(create_app(settings_for(url_of(hosts)), registry=registry)) as client:
        shop = Shop(client)
        await shop.create("/tags", {"name": "red"})
        await one.mend()
        await other.cut()
        await shop.create("/tags", {"name": "green"})
        await one.cut()
        assert (await client.get("/tags")).status_code == 503
        await other.mend()
        assert len((await shop.get("/tags"))["items"]) == 2


async def test_commands_use_the_host_that_answers(hosts: Hosts, registry: Registry) -> None:
    await hosts[0].cut()
    settings = settings_for(url_of(hosts))
    migrations = registry.choose(settings).migrations(settings)
    assert await migrations.current() == migrations.history()[-1].id


async def test_all_hosts_are_named_when_none_listens(hosts: Hosts, registry: Registry) -> None:
    for proxy in hosts:
        await proxy.cut()
    settings = settings_for(url_of(hosts))
    with pytest.raises(ConfigurationError) as refused:
        await registry.choose(settings).open(settings)
    places = ", ".join(urlsplit(proxy.url).netloc.rpartition("@")[2] for proxy in hosts)
    assert f"no server listens at {places}" in refused.value.detail


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("several", [True, False])
async def test_read_only_hosts_are_explained(
    hosts: Hosts, registry: Registry, settings: Settings, external: ExternalClient, several: bool
) -> None:
    url = url_of(hosts) if several else f"{settings.url}?target_session_attrs=read-write"
    database = urlsplit(settings.url).path.strip("/")
    await external.run(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
    try:
        with pytest.raises(ConfigurationError, match="the server takes no writes; name the primary"):
            await registry.choose(settings).open(settings_for(url))
    finally:
        writable = "SET default_transaction_read_only = off"
        await external.run(writable, f'ALTER DATABASE "{database}" RESET default_transaction_read_only')
