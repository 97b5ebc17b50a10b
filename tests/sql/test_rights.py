"""With which rights the shop can be served, and that ``stockroom check`` names the others."""

import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.shop import Shop
from core.plugins import Registry
from tests.serving import serving
from tests.sql.accounts import SERVING, guest
from tests.sql.command import Command
from tests.sql.external_client import SERVERS, ExternalClient

pytestmark = pytest.mark.only(*SERVERS)

PASSWORD = "geheim-4711"


async def test_rights_on_rows_suffice_to_serve(database_url: str, external: ExternalClient, registry: Registry) -> None:
    async with guest(external, database_url, PASSWORD, *SERVING, sequences=True) as url:
        settings = settings_for(url)
        async with serving(create_app(settings, registry=registry)) as client:
            shop = Shop(client)
            order = await shop.order(await shop.user(), await shop.product())
            assert (await shop.get(f"/orders/{order['id']}"))["id"] == order["id"]
            assert len((await shop.get("/products?search=prod"))["items"]) == 1
        storage = await registry.choose(settings).open(settings)
        assert list(await storage.missing_rights()) == []
        assert await storage.size() > 0
        await storage.close()


@pytest.mark.parametrize("missing", SERVING)
async def test_missing_right_is_named(
    database_url: str, external: ExternalClient, registry: Registry, missing: str
) -> None:
    rights = [right for right in SERVING if right != missing]
    async with guest(external, database_url, PASSWORD, *rights, sequences=True) as url:
        storage = await registry.choose(settings_for(url)).open(settings_for(url))
        found = await storage.missing_rights()
        await storage.close()
    assert f"{missing} on orders" in found
    also = {"UPDATE"} if missing == "SELECT" else set()  # MariaDB: a condition reads
    assert {right.partition(" ")[0] for right in found} - also == {missing}


@pytest.mark.only("postgresql")
async def test_missing_right_to_ids_is_named(database_url: str, external: ExternalClient, registry: Registry) -> None:
    async with guest(external, database_url, PASSWORD, *SERVING) as url:
        storage = await registry.choose(settings_for(url)).open(settings_for(url))
        assert "USAGE on the sequence orders_id_seq" in await storage.missing_rights()
        await storage.close()


async def test_check_of_read_only_account_is_no_error(
    command: Command, database_url: str, external: ExternalClient
) -> None:
    async with guest(external, database_url, PASSWORD, "SELECT") as url:
        code, said = command.run(url, "check")
    assert code == 1
    assert "To do: Grant the user of DATABASE_URL the rights that are missing: " in said
    assert "INSERT on orders" in said
    assert "Traceback" not in said
