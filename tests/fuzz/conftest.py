"""Options of the fuzzer, and the applications it drives."""

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
from conformance.plugin import targets as offered
from core.plugins import Registry


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("stockroom")
    group.addoption("--minutes", type=float, help="hold random conversations for so long, others in each run")
    group.addoption("--replay", type=Path, metavar="FILE", help="hold the conversation in this file, and nothing else")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With an option, only the test that it is for, for as long as it takes."""
    wanted = {"--minutes": "test_random_request_sequences", "--replay": "test_given_sequence_passes"}
    chosen = [name for option, name in wanted.items() if config.getoption(option, None) is not None]
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    for item in here:
        name = item.name.partition("[")[0]
        if (chosen and name not in chosen) or (not chosen and name == wanted["--replay"]):
            items.remove(item)
        elif chosen:
            item.add_marker(pytest.mark.timeout(0), append=False)


@pytest.fixture(scope="session")
def panelists(pytestconfig: pytest.Config) -> Sequence[Target]:
    """Every storage of the run; those that were named must be there."""
    found = offered(pytestconfig)
    named = set(pytestconfig.getoption("--storage").split(",")) - {"all", "embedded"}
    if absent := named - {target.name for target in found}:
        pytest.fail(f"absent: {', '.join(sorted(absent))}")
    return found


@pytest.fixture(scope="session")
def is_quiet(pytestconfig: pytest.Config) -> bool:
    """Nobody reads the log of a hundred thousand requests, but that of a conversation that is held again."""
    return pytestconfig.getoption("--replay", None) is None


@pytest.fixture(scope="session")
def apps(is_quiet: bool, panelists: Sequence[Target], registry: Registry) -> dict[str, FastAPI]:
    """An application for each storage, not started."""
    with redirect_stdout(Nowhere()) if is_quiet else nullcontext():
        return {target.name: create_app(settings_for("nowhere://"), registry=registry) for target in panelists}


@pytest.fixture(autouse=True)
def _silence(is_quiet: bool) -> Iterator[None]:
    logging.disable(logging.CRITICAL if is_quiet else logging.NOTSET)
    yield
    logging.disable(logging.NOTSET)


class Nowhere(io.StringIO):
    """Forgets what is written to it."""

    def write(self, text: str) -> int:
        return len(text)
