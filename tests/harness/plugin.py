"""The pytest plugin of this repository: which of our storages a run is about, and where their servers come from."""

import os
from collections.abc import Callable, Sequence

import pytest

from conformance import Target
from core.plugins import discover
from tests.harness.controller import PACKED, Controller
from tests.harness.databases import Databases
from tests.harness.server import Offer, Server

OFFER = pytest.StashKey[Callable[[], Offer]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which storages."""
    group = parser.getgroup("stockroom")
    group.addoption(
        "--storage", default="all", metavar="NAME,…", help="only these storages, or 'embedded'; default: all"
    )
    group.addoption(
        "--require", default="", metavar="NAME,…", help="fail unless tests ran and passed on these storages"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Servers are started by the process that was started by hand, and handed to the workers."""
    if hasattr(config, "workerinput"):
        handed = Offer.unpack(config.workerinput[PACKED])
        config.stash[OFFER] = lambda: handed
    else:
        controller = Controller(config)
        config.pluginmanager.register(controller)
        config.stash[OFFER] = controller.offer


def pytest_conformance_targets(config: pytest.Config) -> Sequence[Target]:
    """Each storage that answers."""
    offer, registry = config.stash[OFFER](), discover()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return [Databases(server, registry, f"{offer.run}_{worker}") for server in offer.servers]


@pytest.fixture(scope="session")
def database_server(conformance_target: Databases) -> Server:
    """The database server, or what stands for it, that this run of the test is about."""
    return conformance_target.server
