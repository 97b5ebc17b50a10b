"""``mongodb+srv://``: the servers and their options are looked up by name."""

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
from tests.mongo.nameserver import naming

pytestmark = pytest.mark.only("mongodb")

CLUSTER = "db.stockroom.test"
NODE = "node-1.stockroom.test"


@pytest.fixture
def asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """What a name server was asked for, which says that the test's database is a cluster."""
    zone = {
        (f"_mongodb._tcp.{CLUSTER}.", "SRV"): f"0 0 {urlsplit(settings.url).port} {NODE}.",
        (f"{CLUSTER}.", "TXT"): f'"replicaSet={SET}"',
        (f"{NODE}.", "A"): "127.0.0.1",
    }
    with naming(zone, monkeypatch) as asked:
        yield asked


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The driver's clients, as they are made."""
    made: list[Any] = []
    connect = driver.client

    def client(*given: Any) -> Any:
        made.append(connect(*given))
        return made[-1]

    monkeypatch.setattr(driver, "client", client)
    return made


async def test_a_cluster_is_found_by_its_name_and_used_with_all_options(
    settings: Settings, registry: Registry, asked: list[tuple[str, str]], clients: list[Any]
) -> None:
    url = f"mongodb+srv://{CLUSTER}{urlsplit(settings.url).path}?tls=false&connectTimeoutMS=3000&retryReads=false"
    named = settings_for(url, pool_size=7, database_timeout=4)
    storage = await registry.choose(named).open(named)
    try:
        await storage.run(lambda tx: tx.categories.add([CategoryDraft(name="Lamps", slug="lamps")], now()))
        assert [category.name for category in await storage.categories.all()] == ["Lamps"]
        assert await storage.schema_revision() == registry.choose(named).migrations(named).history()[-1].id
        options = clients[0].delegate.options
        assert options.replica_set_name == SET, "from the name server"
        assert options.pool_options.connect_timeout == 3, "from the URL"
        assert not options.retry_reads, "from the URL"
        assert options.pool_options.socket_timeout == 4, "from the settings"
        assert options.pool_options.max_pool_size == 7, "from the settings"
        assert options.server_selection_timeout == 5, "from the backend"
        assert options.pool_options.appname == "stockroom", "from the backend"
    finally:
        await storage.close()
    assert {(f"_mongodb._tcp.{CLUSTER}.", "SRV"), (f"{CLUSTER}.", "TXT"), (f"{NODE}.", "A")} <= set(asked)


async def test_migrations_find_it_too(settings: Settings, registry: Registry, asked: list[tuple[str, str]]) -> None:
    named = settings_for(f"mongodb+srv://{CLUSTER}{urlsplit(settings.url).path}?tls=false")
    migrations = registry.choose(named).migrations(named)
    assert await migrations.current() == migrations.history()[-1].id


async def test_a_name_that_nobody_knows_is_told_without_credentials(
    settings: Settings, registry: Registry, asked: list[tuple[str, str]]
) -> None:
    named = settings_for("mongodb+srv://clerk:geheim-4711@nowhere.stockroom.test/shop?tls=false")
    with pytest.raises(ConfigurationError, match=r"nowhere\.stockroom\.test") as refusal:
        await registry.choose(named).open(named)
    assert "geheim" not in refusal.value.detail
