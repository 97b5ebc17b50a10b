"""The pytest plugin: repeats tests over the targets, and reports the outcomes."""

import logging
from collections.abc import Iterator

import pytest

from conformance import hookspecs
from conformance.manifest import Requirements
from conformance.recorder import Recorder
from conformance.target import Target

FIXTURE = "conformance_target"
_TARGETS = pytest.StashKey[list[Target]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--conformance-report``."""
    parser.getgroup("stockroom").addoption(
        "--conformance-report",
        metavar="FILE",
        help="write the outcome of each test of the suite on each storage, as JSON",
    )


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """``pytest_conformance_targets``."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Three markers, and the recorder; the client's log lines only repeat the application's."""
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    config.addinivalue_line("markers", "needs(capability, …): only on storages that can do this")
    config.addinivalue_line("markers", "lacks(capability, …): only on storages that cannot do this")
    config.addinivalue_line("markers", "only(name, …): only on these targets; for a backend's own tests")
    config.pluginmanager.register(Recorder(config, lambda: targets_of(config)))


def targets_of(config: pytest.Config) -> list[Target]:
    """The targets that the hook returned, kept for the life of this process."""
    if _TARGETS not in config.stash:
        lists = config.hook.pytest_conformance_targets(config=config)
        config.stash[_TARGETS] = [target for each in lists for target in each]
    return config.stash[_TARGETS]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each target that meets its requirements."""
    if FIXTURE not in metafunc.fixturenames:
        return
    matching = list(_matching_targets(metafunc, targets_of(metafunc.config)))
    metafunc.parametrize(FIXTURE, matching, ids=[target.name for target in matching], indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)  # other plugins need not see the tests that are dropped
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note each test's storage in its reports; drop the tests that no target can run.

    Raises:
        UsageError: there are no targets at all.
    """
    unbound = set()
    for item in items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        target = params.get(FIXTURE)
        if isinstance(target, Target):
            item.user_properties.append(("storage", target.name))
        elif FIXTURE in params:
            unbound.add(item)
    if unbound and not targets_of(config):
        raise pytest.UsageError("no storage to test: implement pytest_conformance_targets in a conftest.py")
    items[:] = [item for item in items if item not in unbound]


def _matching_targets(metafunc: pytest.Metafunc, candidates: list[Target]) -> Iterator[Target]:
    marked = Requirements(_marker_arguments(metafunc, "needs"), _marker_arguments(metafunc, "lacks"))
    requirements = marked | Requirements.of_fixtures(metafunc.fixturenames)
    only = [marker.args for marker in metafunc.definition.iter_markers("only")]
    for target in candidates:
        if all(target.name in names for names in only) and requirements.are_met_by(target.backend.capabilities):
            yield target


def _marker_arguments(metafunc: pytest.Metafunc, marker: str) -> set[str]:
    return {str(arg) for mark in metafunc.definition.iter_markers(marker) for arg in mark.args}
