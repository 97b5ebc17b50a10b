"""Gives the suite its fixtures, also where it is installed and not a part of the repository that runs it."""

import pytest

from conformance.fixtures import *  # noqa: F403 - pytest looks for them here


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Its tests are coroutines; whoever runs them need not configure that."""
    if isinstance(collector, pytest.Module):
        collector.add_marker("anyio")
