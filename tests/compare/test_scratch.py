"""Temporary databases: blank, separate from the one in the settings, and dropped in the end; on every storage."""

import asyncio

import pytest

from conformance.defaults import settings_for
from core.errors import ConfigurationError
from core.plugins import Registry
from core.storage import SupportsTemporaryDatabases
from demo.scale import Scale
from demo.writer import is_empty, write_shop


async def read_revision(url: str, registry: Registry) -> str | None:
    """The revision of the schema; None where there is no such database."""
    settings = settings_for(url)
    try:
        return await registry.choose(settings).migrations(settings).current()
    except ConfigurationError as error:
        if "does not exist" not in error.detail:
            raise
        return None


async def fill(url: str, registry: Registry) -> None:
    settings = settings_for(url)
    backend = registry.choose(settings)
    storage = await backend.open(settings)
    if await storage.schema_revision() is None:
        await backend.migrations(settings).up()
    await write_shop(storage, Scale(1), "none", lambda _: None)
    assert not await is_empty(storage)
    await storage.close()


def test_temporary_database_is_blank_and_dropped(blank_url: str, registry: Registry) -> None:
    backend = registry.choose(settings_for(blank_url))
    assert isinstance(backend, SupportsTemporaryDatabases)

    async def use_twice() -> list[str]:
        urls = []
        for _ in range(2):
            async with backend.temporary_database(settings_for(blank_url)) as url:
                assert await read_revision(url, registry) is None
                await fill(url, registry)
                urls.append(url)
        return urls

    first, second = asyncio.run(use_twice())
    assert len({blank_url, first, second}) == 3
    for url in (blank_url, first, second):
        assert asyncio.run(read_revision(url, registry)) is None


@pytest.mark.needs("durable")
def test_temporary_database_is_dropped_after_error(blank_url: str, registry: Registry) -> None:
    backend = registry.choose(settings_for(blank_url))
    assert isinstance(backend, SupportsTemporaryDatabases)
    urls: list[str] = []

    async def fail() -> None:
        async with backend.temporary_database(settings_for(blank_url)) as url:
            urls.append(url)
            await fill(url, registry)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(fail())
    assert asyncio.run(read_revision(urls[0], registry)) is None


def test_unreachable_server_is_named_in_the_error(registry: Registry) -> None:
    for url in ("postgresql://u:geheim@127.0.0.1:1/a", "mysql://u:geheim@127.0.0.1:1/a"):
        backend = registry.choose(settings_for(url))
        assert isinstance(backend, SupportsTemporaryDatabases)

        async def enter(backend: SupportsTemporaryDatabases = backend, url: str = url) -> None:
            async with backend.temporary_database(settings_for(url)):
                raise AssertionError("there is no such server")

        with pytest.raises(ConfigurationError, match="no server listens") as error:
            asyncio.run(enter())
        assert "geheim" not in error.value.detail
