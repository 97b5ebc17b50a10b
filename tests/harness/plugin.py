"""The pytest plugin of this repository: selects the storages of a run, and provides their servers."""

import os
from collections.abc import Callable, Sequence

import pytest

from conformance import Target
from core.plugins import discover
from tests.harness.controller import WORKER_INPUT_KEY, Controller
from tests.harness.databases import Databases
from tests.harness.server import AvailableServers, Server

EMBEDDED = "embedded"
AVAILABLE_SERVERS = pytest.StashKey[Callable[[], AvailableServers]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that select storages."""
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
    """Start the servers in pytest's main process; its workers receive them."""
    config.addinivalue_line("markers", "thorough: takes long; deselected by --storage embedded")
    if hasattr(config, "workerinput"):
        received = AvailableServers.unpack(config.workerinput[WORKER_INPUT_KEY])
        config.stash[AVAILABLE_SERVERS] = lambda: received
    else:
        controller = Controller(config)
        config.pluginmanager.register(controller)
        config.stash[AVAILABLE_SERVERS] = controller.available


@pytest.hookimpl(optionalhook=True, tryfirst=True)  # of xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Two workers per core where no servers run on the same cores, because many tests only wait."""
    return 2 * (os.cpu_count() or 1) if config.getoption("storage") == EMBEDDED else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect thorough tests where only the embedded storages are selected, for a short run."""
    if config.getoption("storage") == EMBEDDED and config.getoption("minutes", None) is None:  # that is 'make fuzz'
        deselected = [item for item in items if item.get_closest_marker("thorough")]
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=deselected)


def pytest_conformance_targets(config: pytest.Config) -> Sequence[Target]:
    """A target for each storage that answers."""
    available, registry = config.stash[AVAILABLE_SERVERS](), discover()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return [Databases(server, registry, f"{available.run}_{worker}") for server in available.servers]


@pytest.fixture(scope="session")
def database_server(conformance_target: Databases) -> Server:
    """The database server that this run of the test uses; for an embedded database its folder."""
    return conformance_target.server
