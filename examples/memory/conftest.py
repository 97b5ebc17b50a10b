"""Binds the backend to Stockroom's conformance suite: ``pytest --pyargs conformance.suite``."""

from collections.abc import Sequence
from itertools import count

from conformance import Target

_numbers = count(1)


class Memory(Target):
    """A store of its own for each test."""

    name = "memory"

    async def blank(self) -> str:
        """The URL of a new store with nothing in it, not even a schema."""
        return f"memory://{next(_numbers)}"


def pytest_conformance_targets() -> Sequence[Target]:
    """The kinds of store to run the suite on."""
    return [Memory()]
