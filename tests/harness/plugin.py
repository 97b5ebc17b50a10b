"""The pytest plugin of this repository: which of our storages a run is about, and where their servers come from."""

import os
from collections.abc import Callable, Sequence

import pytest

from conformance import Target
from core.plugins import discover
from tests.harness.controller import PACKED, Controller
from tests.harness.databases import Databases
from tests.harness.server import Offer, Server

EMBEDDED = "embedded"
OFFER = pytest.StashKey[Callable[[], Offer]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which storages."""
    group = parser.getgroup("stockroom")
    group.addoption(
        "--storage",
        default="all",
        metavar="NAME,…",
        help="only these storages; or 'embedded', which also leaves out what is marked thorough; default: all",
    )
    group.addoption(
        "--require", default="", metavar="NAME,…", help="fail unless tests ran and passed on these storages"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Servers are started by the process that was started by hand, and handed to the workers."""
    config.addinivalue_line("markers", "thorough: takes long; left out of the everyday loop, --storage embedded")
    if hasattr(config, "workerinput"):
        handed = Offer.unpack(config.workerinput[PACKED])
        config.stash[OFFER] = lambda: handed
    else:
        controller = Controller(config)
        config.pluginmanager.register(controller)
        config.stash[OFFER] = controller.offer


@pytest.hookimpl(optionalhook=True, tryfirst=True)  # of xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Without servers on the same cores, two workers on each: many tests wait for nothing but time."""
    return 2 * (os.cpu_count() or 1) if config.getoption("storage") == EMBEDDED else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The everyday loop is for whoever changes something and waits."""
    if config.getoption("storage") == EMBEDDED and config.getoption("minutes", None) is None:  # that is 'make fuzz'
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)


def pytest_conformance_targets(config: pytest.Config) -> Sequence[Target]:
    """Each storage that answers."""
    offer, registry = config.stash[OFFER](), discover()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return [Databases(server, registry, f"{offer.run}_{worker}") for server in offer.servers]


@pytest.fixture(scope="session")
def database_server(conformance_target: Databases) -> Server:
    """The database server, or what stands for it, that this run of the test is about."""
    return conformance_target.server
