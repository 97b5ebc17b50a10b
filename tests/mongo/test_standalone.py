"""A MongoDB server that is no replica set has no transactions: refused at the start, with the remedy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.plugins import Registry
from tests.harness.mongodb import MongoDB
from tests.harness.server import settings_for
from tests.harness.site import Site


class Standalone(MongoDB):
    """The same server, on its own."""

    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """As always, but for the replica set."""
        return [word for word in super().command(program, folder, port) if not str(word).startswith("--replSet")]

    def url(self, port: int) -> str:
        """Of the server."""
        return f"mongodb://127.0.0.1:{port}/"

    async def welcome(self, port: int) -> None:
        """Nothing to set up."""
        await self.answers(self.url(port))


@pytest.fixture
def site() -> Iterator[Site]:
    """A place for a server of the test's own."""
    site = Site.new()
    yield site
    site.stop()


@pytest.mark.only("mongodb")
async def test_a_standalone_server_is_refused_with_the_remedy(
    database_url: str, site: Site, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Standalone()
    monkeypatch.delenv(kind.variable, raising=False)
    settings = settings_for((await kind.obtain(site)).url + "stockroom")
    backend = registry.choose(settings)
    for attempt in (backend.open(settings), backend.migrations(settings).up()):
        with pytest.raises(ConfigurationError) as refused:
            await attempt
        assert "standalone" in refused.value.detail
        assert "replSet" in refused.value.detail
        assert "rs.initiate()" in refused.value.detail
