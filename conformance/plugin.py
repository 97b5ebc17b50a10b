"""The pytest plugin: repeats tests over the targets there are, and reports what came of it."""

import logging
from collections.abc import Iterator

import pytest

from conformance import hookspecs
from conformance.manifest import Demand
from conformance.recorder import Recorder
from conformance.target import Target

FIXTURE = "conformance_target"
_TARGETS = pytest.StashKey[list[Target]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option."""
    parser.getgroup("stockroom").addoption(
        "--conformance-report",
        metavar="FILE",
        help="write what each test of the suite came to on each storage, as JSON",
    )


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """One hook."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Three markers, and the recorder; the client's log lines say nothing that the application's do not."""
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    config.addinivalue_line("markers", "needs(capability, …): only on storages that can do this")
    config.addinivalue_line("markers", "lacks(capability, …): only on storages that cannot do this")
    config.addinivalue_line("markers", "only(name, …): only on these targets; for a backend's own tests")
    config.pluginmanager.register(Recorder(config, lambda: targets(config)))


def targets(config: pytest.Config) -> list[Target]:
    """What the hook gave, kept for the life of this process."""
    if _TARGETS not in config.stash:
        given = config.hook.pytest_conformance_targets(config=config)
        config.stash[_TARGETS] = [target for some in given for target in some]
    return config.stash[_TARGETS]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Once for each target that fits."""
    if FIXTURE not in metafunc.fixturenames:
        return
    fitting = list(_fitting(metafunc, targets(metafunc.config)))
    metafunc.parametrize(FIXTURE, fitting, ids=[target.name for target in fitting], indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)  # nobody else need look at them
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note in each test's reports where it ran; drop those for which no target fits.

    Raises:
        UsageError: there are no targets at all.
    """
    homeless = set()
    for item in items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        target = params.get(FIXTURE)
        if isinstance(target, Target):
            item.user_properties.append(("storage", target.name))
        elif FIXTURE in params:
            homeless.add(item)
    if homeless and not targets(config):
        raise pytest.UsageError("no storage to test: implement pytest_conformance_targets in a conftest.py")
    items[:] = [item for item in items if item not in homeless]


def _fitting(metafunc: pytest.Metafunc, offered: list[Target]) -> Iterator[Target]:
    marked = Demand(_marked(metafunc, "needs"), _marked(metafunc, "lacks"))
    demand = marked | Demand.of_fixtures(metafunc.fixturenames)
    only = [marker.args for marker in metafunc.definition.iter_markers("only")]
    for target in offered:
        if all(target.name in names for names in only) and demand.met_by(target.backend.capabilities):
            yield target


def _marked(metafunc: pytest.Metafunc, marker: str) -> set[str]:
    return {str(arg) for mark in metafunc.definition.iter_markers(marker) for arg in mark.args}
