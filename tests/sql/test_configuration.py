"""What bad configuration gets: one line that says what is wrong and what to change, code 2, and no credentials."""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from backends.sql.backend import SqlBackend
from conformance.defaults import settings_for
from core.errors import ConfigurationError
from core.plugins import Registry
from core.settings import Settings
from tests.sql.external_client import SERVERS, ExternalClient, dialect_of

pytestmark = pytest.mark.only(*SERVERS)

SECRET = "geheim-4711"
HARD_SECRET = "p@s:s/w%r#d?&=+ '[]"
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


class Command:
    """The ``stockroom`` command, in an empty folder and with no other settings than those given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def refused(self, url: str, *arguments: str, blocked: str = "", **settings: str) -> str:
        """The one line that it writes when it refuses to work."""
        program = (
            f"import sys; sys.modules.update(dict.fromkeys({blocked.split()!r})); from cli.main import main; main()"
        )
        env = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=self._folder,
            env=env | {"DATABASE_URL": url} | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 2, said
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("stockroom: ")
        assert "Traceback" not in said
        password = urlsplit(url).password or ""
        assert not [secret for secret in {password, SECRET, HARD_SECRET} - {"", "stockroom"} if secret in said], said
        return done.stderr


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """See ``Command``."""
    return Command(tmp_path)


def at(url: str, **changes: str | int | None) -> str:
    """``url`` with another scheme, user, password, host, port or path."""
    parts = urlsplit(url)
    user, password, host, port = (
        changes.get(name, getattr(parts, name)) for name in ("username", "password", "hostname", "port")
    )
    netloc = f"{user}:{quote(str(password), safe='')}@{host}:{port}"
    return parts._replace(
        scheme=str(changes.get("scheme", parts.scheme)), netloc=netloc, path=str(changes.get("path", parts.path))
    ).geturl()


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
    assert "the database does not exist; create it first" in line


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
    yield at(settings.url, path=f"/{name}")
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


@asynccontextmanager
async def guest(external: ExternalClient, url: str, password: str, *rights: str) -> AsyncIterator[str]:
    """The URL of a user who may connect to a database, and has ``rights``."""
    name = f"guest_{secrets.token_hex(4)}"
    database = urlsplit(url).path.strip("/")
    if external.dialect.name == "postgresql":
        await external.run(f"CREATE USER {name} PASSWORD '{password.replace(chr(39), chr(39) * 2)}'")
        granted = [f"GRANT {right} ON ALL TABLES IN SCHEMA public TO {name}" for right in rights]
        away = [f"DROP OWNED BY {name}", f"DROP USER {name}"]
    else:
        literal = password.replace("%", "%%").replace("'", "''")
        await external.run(f"CREATE USER {name} IDENTIFIED BY '{literal}'")
        granted = [f"GRANT {right} ON `{database}`.* TO {name}" for right in rights]
        away = [f"DROP USER {name}"]
    await external.run(*granted)
    yield at(url, username=name, password=password)
    await external.run(*away)


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
