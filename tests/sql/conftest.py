"""What the tests of the SQL backends share."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from backends.sql.backend import SqlBackend
from conformance.defaults import settings_for
from core.settings import Settings
from core.storage import Storage, round_trips
from tests.harness.kind import Absent
from tests.harness.pgbouncer import PgBouncer
from tests.harness.run_directory import RunDirectory
from tests.sql.command import Command
from tests.sql.external_client import ExternalClient, dialect_of
from tests.sql.proxy import Proxy

Opened = Callable[..., AbstractAsyncContextManager[Storage]]
POOLER_SIZE = 3


@contextmanager
def before_round_trips(call: Callable[[str], None]) -> Iterator[None]:
    """Call a function with each statement of a storage before it is sent. An error of it is one of the sending."""
    record = round_trips.record_start

    def recording(what: str) -> None:
        call(what)
        record(what)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(round_trips, "record_start", recording)
        yield


@pytest.fixture
def external(settings: Settings) -> ExternalClient:
    """Another client of the test's database."""
    return ExternalClient(settings)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """See ``Command``."""
    return Command(tmp_path)


@pytest.fixture
def opened(settings: Settings) -> Opened:
    """``async with opened(pool_size=1) as storage``: the test's database under other settings."""

    @asynccontextmanager
    async def opened(backend: SqlBackend | None = None, **changes: Any) -> AsyncIterator[Storage]:
        backend = backend or SqlBackend(dialect_of(settings))
        storage = await backend.open(settings_for(settings.url, **changes))
        try:
            yield storage
        finally:
            await storage.close()

    return opened


@pytest.fixture
async def proxy(settings: Settings) -> AsyncIterator[Proxy]:
    """A way to the server that can be cut, as by a restart, or held, as by a server that hangs."""
    async with Proxy(settings.url) as proxy:
        yield proxy


@pytest.fixture
def pooler(request: pytest.FixtureRequest, database_url: str, pytestconfig: pytest.Config) -> Iterator[PgBouncer]:
    """A PgBouncer with ``POOLER_SIZE`` server connections for each database, in transaction mode.

    The parameter is what it ignores; by default nothing.
    """
    site = RunDirectory.new()
    try:
        bouncer = PgBouncer(site, database_url, POOLER_SIZE, getattr(request, "param", ""))
        asyncio.run(bouncer.ready(database_url))
        yield bouncer
    except Absent as reason:
        if "postgresql" in pytestconfig.getoption("require"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    finally:
        site.stop()
