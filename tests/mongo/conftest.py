"""What the tests of the MongoDB backend share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.run_directory import RunDirectory
from tests.harness.server import Server
from tests.mongo.deployment import KIND


@pytest.fixture(scope="session")
def mongod(database_server: Server) -> Path:
    """The program of the server. The run offers MongoDB, so that it cannot be found is a failure."""
    return KIND.find_program()


@pytest.fixture(scope="module")
def site() -> Iterator[RunDirectory]:
    """Where a module's servers run; they end with it."""
    site = RunDirectory.new()
    yield site
    site.stop()
