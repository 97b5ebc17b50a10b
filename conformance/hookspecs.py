"""The hook through which a repository binds the suite to its backend."""

from collections.abc import Sequence

import pytest

from conformance.target import Target


@pytest.hookspec
def pytest_conformance_targets(config: pytest.Config) -> Sequence[Target]:
    """The kinds of store to run the suite on. Called once per process, when the first test needs one."""
    raise NotImplementedError
