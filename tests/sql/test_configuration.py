"""What bad configuration gets: one line that says what is wrong and what to change, code 2, and no credentials."""

import asyncio
import secrets
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from backends.sql.backend import SqlBackend
from conformance.defaults import settings_for
from core.errors import ConfigurationError
from core.plugins import Registry
from core.settings import Settings
from tests.harness.server import KINDS
from tests.sql.accounts import at, guest
from tests.sql.command import HARD_SECRET, SECRET, Command
from tests.sql.external_client import SERVERS, ExternalClient, dialect_of

pytestmark = pytest.mark.only(*SERVERS)

COMMANDS = {"check": ["check"], "migrate": ["migrate", "up"], "serve": ["serve", "--port=9"]}
WRONG_PRODUCT = {
    "mysql": ("mariadb", "write mysql:// in place of mariadb://"),
    "mariadb": ("mysql", "write mariadb:// in place of mysql://"),
}
WRONG_ENCODING = {
    "postgresql": (
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc",
        "encoding must be UTF8",
    ),
    "mysql": ("CREATE DATABASE {} CHARACTER SET latin1", "character set must be utf8mb4"),
    "mariadb": ("CREATE DATABASE {} CHARACTER SET latin1", "character set must be utf8mb4"),
}


# The URL


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_wrong_password_is_explained(command: Command, settings: Settings, arguments: list[str]) -> None:
    url = at(settings.url, password=SECRET)
    assert "the user name or the password is wrong" in command.refused(url, *arguments)


def test_wrong_port_is_explained(command: Command, settings: Settings) -> None:
    line = command.refused(at(settings.url, port=9, password=SECRET), "check")
    assert "127.0.0.1:9" in line
    assert "host and port" in line


def test_wrong_user_is_explained_with_logs_on(command: Command, settings: Settings) -> None:
    url = at(settings.url, username="no_such_user", password=SECRET)
    line = command.refused(url, "check", DEBUG="true", DATABASE_ECHO="true")
    assert "the user name or the password is wrong" in line


def test_wrong_host_is_explained(command: Command, settings: Settings) -> None:
    line = command.refused(at(settings.url, hostname="nowhere.invalid", password=SECRET), "check")
    assert "nowhere.invalid" in line


def test_missing_database_is_explained(command: Command, settings: Settings) -> None:
    line = command.refused(at(settings.url, path="/no_such_database"), "migrate", "up")
    assert "the database does not exist" in line
    assert "create it first" in line


def test_silent_server_is_explained(command: Command, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        line = command.refused(at(settings.url, port=silent.getsockname()[1]), "check")
    assert "no server answers" in line


def test_unknown_driver_is_explained(command: Command, settings: Settings) -> None:
    scheme = settings.url.partition(":")[0]
    line = command.refused(at(settings.url, scheme=f"{scheme}+pony", password=SECRET), "check")
    assert "asks for the driver 'pony'" in line
    assert f"Known: {dialect_of(settings).drivers[0].name}" in line


def test_missing_driver_is_explained(command: Command, settings: Settings) -> None:
    drivers = dialect_of(settings).drivers
    line = command.refused(settings.url, "check", blocked=" ".join(driver.module for driver in drivers))
    assert f"Run: pip install '{drivers[0].requirement}'" in line


def test_invalid_url_is_explained(command: Command, settings: Settings) -> None:
    scheme = settings.url.partition(":")[0]
    line = command.refused(f"{scheme}://shop:{SECRET}@localhost:fivefourthreetwo/shop", "check")
    assert f"An example: {dialect_of(settings).example_url}" in line


@pytest.mark.only("postgresql", "mariadb")
async def test_server_without_tls_is_explained(command: Command, settings: Settings, external: ExternalClient) -> None:
    is_postgresql = external.dialect.name == "postgresql"
    offer = await external.rows("SHOW ssl" if is_postgresql else "SELECT @@have_ssl")
    if offer[0][0] not in ("off", "DISABLED"):
        pytest.skip("the server of this run offers TLS")
    required = "sslmode=require" if is_postgresql else "ssl-mode=REQUIRED"
    assert "cannot agree on TLS: does the server offer it" in command.refused(f"{settings.url}?{required}", "check")


@pytest.mark.only("mysql")
def test_untrusted_certificate_is_explained(command: Command, settings: Settings) -> None:
    line = command.refused(f"{settings.url}?ssl-mode=VERIFY_CA", "check")  # the server issued it to itself
    assert "the certificate of the server at 127.0.0.1:" in line
    assert "is not trusted: self-signed certificate" in line


def test_unknown_parameter_is_explained(command: Command, settings: Settings) -> None:
    line = command.refused(f"{settings.url}?ssl_moode=1", "migrate", "up")
    assert "has no parameter 'ssl_moode'" in line


def test_password_that_is_not_encoded_is_explained(command: Command, settings: Settings) -> None:
    scheme = settings.url.partition(":")[0]
    line = command.refused(f"{scheme}://shop:x@{SECRET}@127.0.0.1/shop", "check")
    assert "percent-encode the user name and the password" in line


# The server and the database


@pytest.mark.only(*WRONG_PRODUCT)
def test_other_product_is_explained(command: Command, settings: Settings) -> None:
    scheme, remedy = WRONG_PRODUCT[dialect_of(settings).name]
    assert remedy in command.refused(at(settings.url, scheme=scheme), "check")


@pytest.fixture
def narrow_url(settings: Settings, external: ExternalClient) -> Iterator[str]:
    """A database that cannot hold every character."""
    name = f"stockroom_narrow_{secrets.token_hex(4)}"
    asyncio.run(external.run(WRONG_ENCODING[external.dialect.name][0].format(name)))
    yield KINDS[external.dialect.name].as_administrator(at(settings.url, path=f"/{name}"))
    asyncio.run(external.run(f"DROP DATABASE {name}"))


def test_narrow_encoding_is_explained(command: Command, settings: Settings, narrow_url: str) -> None:
    assert WRONG_ENCODING[dialect_of(settings).name][1] in command.refused(narrow_url, "migrate", "up")


def test_oversized_pool_is_explained(command: Command, settings: Settings) -> None:
    line = command.refused(settings.url, "check", POOL_SIZE="1000", POOL_MAX_OVERFLOW="1000")
    assert "POOL_SIZE and POOL_MAX_OVERFLOW allow 2000 connections" in line


async def test_old_server_is_refused(settings: Settings) -> None:
    old = SqlBackend(replace(dialect_of(settings), minimum_version=(99, 1)))
    with pytest.raises(ConfigurationError, match=r"is too old; 99\.1 or newer is needed\. Upgrade the server\."):
        await old.open(settings)


# Rights


async def test_missing_right_to_create_is_explained(command: Command, blank_url: str) -> None:
    external = ExternalClient(settings_for(blank_url))
    async with guest(external, blank_url, SECRET, "SELECT") as url:
        line = command.refused(url, "migrate", "up")
    assert "the user lacks the rights; grant it" in line


async def test_missing_right_to_read_is_explained(
    command: Command, database_url: str, external: ExternalClient
) -> None:
    async with guest(external, database_url, SECRET) as url:
        assert "rights" in command.refused(url, "serve")


async def test_password_of_punctuation_is_accepted(
    database_url: str, external: ExternalClient, registry: Registry
) -> None:
    async with guest(external, database_url, HARD_SECRET, "SELECT") as url:
        settings = settings_for(url)
        storage = await registry.choose(settings).open(settings)
        assert await storage.users.active_count() == 0
        assert HARD_SECRET not in repr(settings)
        await storage.close()
