"""Options of the fuzzer, and the applications it drives."""

import io
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout

import pytest
from fastapi import FastAPI

from api.app import create_app
from conformance import Target
from conformance.defaults import settings_for
from conformance.plugin import targets as offered
from core.plugins import Registry


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("stockroom")
    group.addoption("--minutes", type=float, help="hold random conversations for so long, each run others")
    group.addoption("--replay", metavar="FILE", help="hold the conversation in this file")


@pytest.fixture(scope="session")
def panelists(pytestconfig: pytest.Config) -> Sequence[Target]:
    """Every storage of the run."""
    return offered(pytestconfig)


@pytest.fixture(scope="session")
def apps(pytestconfig: pytest.Config, panelists: Sequence[Target], registry: Registry) -> dict[str, FastAPI]:
    """An application for each storage, not started. They write no log, unless there is just one conversation."""
    with nullcontext() if pytestconfig.getoption("--replay", None) else redirect_stdout(Nowhere()):
        return {target.name: create_app(settings_for("nowhere://"), registry=registry) for target in panelists}


class Nowhere(io.StringIO):
    """Forgets what is written to it."""

    def write(self, text: str) -> int:
        return len(text)
