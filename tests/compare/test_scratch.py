"""Scratch stores: blank, beside the settings' own, usable like any, and gone in the end; on every storage."""

import asyncio

import pytest

from conformance.defaults import settings_for
from core.errors import ConfigurationError
from core.plugins import Registry
from core.storage import SupportsTemporaryDatabases
from demo.scale import Scale
from demo.writer import is_empty, write


async def revision(url: str, registry: Registry) -> str | None:
    """Of the store's schema; None where there is no such store."""
    settings = settings_for(url)
    try:
        return await registry.choose(settings).migrations(settings).current()
    except ConfigurationError as refusal:
        if "does not exist" not in refusal.detail:
            raise
        return None


async def use(url: str, registry: Registry) -> None:
    settings = settings_for(url)
    backend = registry.choose(settings)
    storage = await backend.open(settings)
    if await storage.schema_revision() is None:
        await backend.migrations(settings).up()
    await write(storage, Scale(1), "none", lambda _: None)
    assert not await is_empty(storage)
    await storage.close()


def test_a_scratch_store_is_blank_and_gone_in_the_end(blank_url: str, registry: Registry) -> None:
    backend = registry.choose(settings_for(blank_url))
    assert isinstance(backend, SupportsTemporaryDatabases)

    async def walk() -> list[str]:
        urls = []
        for _ in range(2):
            async with backend.temporary_database(settings_for(blank_url)) as url:
                assert await revision(url, registry) is None
                await use(url, registry)
                urls.append(url)
        return urls

    first, second = asyncio.run(walk())
    assert len({blank_url, first, second}) == 3
    for url in (blank_url, first, second):
        assert asyncio.run(revision(url, registry)) is None


@pytest.mark.needs("durable")
def test_it_is_gone_also_where_the_work_failed(blank_url: str, registry: Registry) -> None:
    backend = registry.choose(settings_for(blank_url))
    assert isinstance(backend, SupportsTemporaryDatabases)
    urls: list[str] = []

    async def fail() -> None:
        async with backend.temporary_database(settings_for(blank_url)) as url:
            urls.append(url)
            await use(url, registry)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(fail())
    assert asyncio.run(revision(urls[0], registry)) is None


def test_a_server_that_is_not_there_is_told(registry: Registry) -> None:
    for url in ("postgresql://u:geheim@127.0.0.1:1/a", "mysql://u:geheim@127.0.0.1:1/a"):
        backend = registry.choose(settings_for(url))
        assert isinstance(backend, SupportsTemporaryDatabases)

        async def enter(backend: SupportsTemporaryDatabases = backend, url: str = url) -> None:
            async with backend.temporary_database(settings_for(url)):
                raise AssertionError("there is no such server")

        with pytest.raises(ConfigurationError, match="no server answers") as refused:
            asyncio.run(enter())
        assert "geheim" not in refused.value.detail
