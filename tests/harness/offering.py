"""The part of the pytest plugin that runs in every process: repeats tests over the storages there are."""

from collections.abc import Callable, Iterator
from functools import cached_property

import pytest

from core.plugins import discover
from core.storage import Backend
from tests.harness.server import Offer, Server

FIXTURE = "database_server"
# Fixtures that work only on storages with a capability.
_NEEDS = {"two_servers": "shared"}


class Offering:
    """Repeats tests over the servers of an offer, those excepted that cannot do what a test needs."""

    def __init__(self, offer: Callable[[], Offer]) -> None:
        self._offer = offer

    @cached_property
    def _backends(self) -> dict[str, Backend]:
        return discover().by_scheme

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Once for each server that fits."""
        if FIXTURE in metafunc.fixturenames:
            servers = list(self._fitting(metafunc))
            names = [server.name for server in servers]
            metafunc.parametrize(FIXTURE, servers, ids=names, indirect=True, scope="session")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Note in each test's reports where it ran; leave out those for which no server fits."""
        homeless = []
        for item in items:
            params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
            server = params.get(FIXTURE)
            if isinstance(server, Server):
                item.user_properties.append(("storage", server.name))
            elif FIXTURE in params:
                homeless.append(item)
        if homeless:
            config.hook.pytest_deselected(items=homeless)
            items[:] = [item for item in items if item not in homeless]

    def _fitting(self, metafunc: pytest.Metafunc) -> Iterator[Server]:
        markers = list(metafunc.definition.iter_markers())
        needed = {str(arg) for marker in markers if marker.name == "needs" for arg in marker.args}
        needed |= {capability for fixture, capability in _NEEDS.items() if fixture in metafunc.fixturenames}
        only = [set(marker.args) for marker in markers if marker.name == "only"]
        for server in self._offer().servers:
            capabilities = self._backends[server.name].capabilities
            if all(server.name in names for names in only) and all(getattr(capabilities, name) for name in needed):
                yield server
