"""Migrated databases on real servers, for the duration of a measurement."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conformance.defaults import settings_for
from core.plugins import Registry, discover
from tests.harness.run_directory import RunDirectory
from tests.harness.server import KINDS


@asynccontextmanager
async def open_databases(*kinds: str) -> AsyncIterator[dict[str, str]]:
    """The URL of an empty, migrated database for each kind, on a server found or started as for the tests."""
    run_directory, registry = RunDirectory.new(), discover()
    try:
        yield {kind: await _create_database(kind, run_directory, registry) for kind in kinds}
    finally:
        run_directory.stop()


async def _create_database(kind: str, run_directory: RunDirectory, registry: Registry) -> str:
    address = await KINDS[kind].obtain(run_directory)
    url = await KINDS[kind].create(address.url, f"stockroom_benchmark_{secrets.token_hex(4)}")
    settings = settings_for(url)
    await registry.choose(settings).migrations(settings).up()
    return url
