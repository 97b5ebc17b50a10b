"""``mongodb+srv://``: the servers and their options come from DNS."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from backends.mongo import driver
from conformance.defaults import settings_for
from core.clock import now
from core.entities import CategoryDraft
from core.errors import ConfigurationError
from core.plugins import Registry
from core.settings import Settings
from tests.mongo.deployment import SET
from tests.mongo.name_server import name_server

pytestmark = pytest.mark.only("mongodb")

CLUSTER = "db.stockroom.test"
NODE = "node-1.stockroom.test"


@pytest.fixture
def questions(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """The questions to a name server that lists the test's database as a cluster."""
    zone = {
        (f"_mongodb._tcp.{CLUSTER}.", "SRV"): f"0 0 {urlsplit(settings.url).port} {NODE}.",
        (f"{CLUSTER}.", "TXT"): f'"replicaSet={SET}"',
        (f"{NODE}.", "A"): "127.0.0.1",
    }
    with name_server(zone, monkeypatch) as questions:
        yield questions


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The driver's clients, in the order of their creation."""
    created: list[Any] = []
    create = driver.create_client

    def create_client(*given: Any) -> Any:
        created.append(create(*given))
        return created[-1]

    monkeypatch.setattr(driver, "create_client", create_client)
    return created


def srv_url(settings: Settings, options: str) -> str:
    """The URL of the test's database by the name of its cluster, with the account and its options."""
    url = urlsplit(settings.url)
    account = [option for option in url.query.split("&") if option.startswith("authSource")]
    query = "&".join(filter(None, ["tls=false", *account, options]))
    return f"mongodb+srv://{url.netloc.rpartition('@')[0]}@{CLUSTER}{url.path}?{query}"


async def test_srv_url_finds_cluster_and_keeps_options(
    settings: Settings, registry: Registry, questions: list[tuple[str, str]], clients: list[Any]
) -> None:
    url = srv_url(settings, "connectTimeoutMS=3000&retryReads=false")
    named = settings_for(url, pool_size=7, database_timeout=4)
    storage = await registry.choose(named).open(named)
    try:
        await storage.run(lambda tx: tx.categories.add([CategoryDraft(name="Lamps", slug="lamps")], now()))
        assert [category.name for category in await storage.categories.all()] == ["Lamps"]
        assert await storage.schema_revision() == registry.choose(named).migrations(named).history()[-1].id
        options = clients[0].options
        assert options.replica_set_name == SET, "from the name server"
        assert options.pool_options.connect_timeout == 3, "from the URL"
        assert not options.retry_reads, "from the URL"
        assert options.pool_options.socket_timeout == 4, "from the settings"
        assert options.pool_options.max_pool_size == 7, "from the settings"
        assert options.server_selection_timeout == 5, "from the backend"
        assert options.pool_options.appname == "stockroom", "from the backend"
    finally:
        await storage.close()
    assert {(f"_mongodb._tcp.{CLUSTER}.", "SRV"), (f"{CLUSTER}.", "TXT"), (f"{NODE}.", "A")} <= set(questions)


async def test_migrations_accept_srv_urls(
    settings: Settings, registry: Registry, questions: list[tuple[str, str]]
) -> None:
    named = settings_for(srv_url(settings, ""))
    migrations = registry.choose(named).migrations(named)
    assert await migrations.current() == migrations.history()[-1].id


async def test_unknown_srv_name_error_hides_credentials(
    settings: Settings, registry: Registry, questions: list[tuple[str, str]]
) -> None:
    named = settings_for("mongodb+srv://clerk:geheim-4711@nowhere.stockroom.test/shop?tls=false")
    with pytest.raises(ConfigurationError, match=r"nowhere\.stockroom\.test") as refusal:
        await registry.choose(named).open(named)
    assert "geheim" not in refusal.value.detail
