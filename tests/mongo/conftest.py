"""Fixtures of the tests of the MongoDB backend."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.server import Server
from tests.harness.site import Site
from tests.mongo.deployment import KIND


@pytest.fixture(scope="session")
def mongod(database_server: Server) -> Path:
    """The server program. The run offers MongoDB, so a missing program is a failure."""
    return KIND.find()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The folder, ports and servers of a module, which end with it."""
    site = Site.new()
    yield site
    site.stop()
