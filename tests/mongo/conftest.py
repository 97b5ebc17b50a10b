"""Fixtures of the tests of the MongoDB backend."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.run_directory import RunDirectory
from tests.harness.server import Server
from tests.mongo.deployment import KIND


@pytest.fixture(scope="session")
def mongod(database_server: Server) -> Path:
    """The server program. The run offers MongoDB, so a missing program is a failure."""
    return KIND.find_program()


@pytest.fixture(scope="module")
def site() -> Iterator[RunDirectory]:
    """The folder, ports and servers of a module, which end with it."""
    site = RunDirectory.new()
    yield site
    site.stop()
