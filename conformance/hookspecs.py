"""What pytest asks whoever wants to run the suite."""

from collections.abc import Sequence

import pytest

from conformance.target import Target


@pytest.hookspec
def pytest_conformance_targets(config: pytest.Config) -> Sequence[Target]:
    """The kinds of store to run the suite on. Asked for once per process, when the first test needs one."""
    raise NotImplementedError
