"""Options of the fuzzer, and the applications that it sends requests to."""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.app import create_app
from conformance import Target
from conformance.defaults import settings_for
from conformance.plugin import targets_of
from core.plugins import Registry


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("stockroom")
    group.addoption("--minutes", type=float, help="run random request sequences for so long, others in each run")
    group.addoption(
        "--replay", type=Path, metavar="FILE", help="run the request sequence in this file, and nothing else"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With an option, select only its test, without a timeout."""
    tests = {"--minutes": "test_random_request_sequences", "--replay": "test_given_sequence_passes"}
    chosen = [name for option, name in tests.items() if config.getoption(option, None) is not None]
    own = [item for item in items if item.path.parent == Path(__file__).parent]
    for item in own:
        name = item.name.partition("[")[0]
        if (chosen and name not in chosen) or (not chosen and name == tests["--replay"]):
            items.remove(item)
        elif chosen:
            item.add_marker(pytest.mark.timeout(0), append=False)


@pytest.fixture(scope="session")
def storage_targets(pytestconfig: pytest.Config) -> Sequence[Target]:
    """Every storage of the run; the named ones must be available."""
    found = targets_of(pytestconfig)
    named = set(pytestconfig.getoption("--storage").split(",")) - {"all", "embedded"}
    if missing := named - {target.name for target in found}:
        pytest.fail(f"absent: {', '.join(sorted(missing))}")
    return found


@pytest.fixture(scope="session")
def is_silent(pytestconfig: pytest.Config) -> bool:
    """Whether the log is dropped: it is only useful for a sequence that is replayed."""
    return pytestconfig.getoption("--replay", None) is None


@pytest.fixture(scope="session")
def apps(is_silent: bool, storage_targets: Sequence[Target], registry: Registry) -> dict[str, FastAPI]:
    """An application for each storage, not started."""
    with redirect_stdout(NullStream()) if is_silent else nullcontext():
        return {target.name: create_app(settings_for("nowhere://"), registry=registry) for target in storage_targets}


@pytest.fixture(autouse=True)
def _silence(is_silent: bool) -> Iterator[None]:
    logging.disable(logging.CRITICAL if is_silent else logging.NOTSET)
    yield
    logging.disable(logging.NOTSET)


class NullStream(io.StringIO):
    """A stream that drops what is written to it."""

    def write(self, text: str) -> int:
        return len(text)
