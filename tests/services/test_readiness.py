"""What is known of a storage's writes: learned from failures, verified by a write that leaves nothing behind."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from stockroom_memory.storage import MemoryStorage, Store
from typing_extensions import override

from core.errors import Unavailable
from core.services import readiness
from core.services.readiness import WriteCheck
from core.storage import Transaction

T = TypeVar("T")


class FailingStorage(MemoryStorage):
    """Fails with ``error`` while there is one; counts the units of work."""

    def __init__(self) -> None:
        super().__init__(Store(), 1.0)
        self.error: Exception | None = None
        self.runs = 0

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        self.runs += 1
        if self.error is not None:
            raise self.error
        return await super().run(work)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the monotonic clock shows."""
    seconds = [0.0]
    monkeypatch.setattr(readiness, "monotonic", lambda: seconds[0])
    return seconds


@pytest.fixture
def storage() -> FailingStorage:
    return FailingStorage()


@pytest.fixture
def check(storage: FailingStorage, clock: list[float]) -> WriteCheck:
    return WriteCheck(storage)


async def test_nothing_is_written_without_failures(check: WriteCheck, storage: FailingStorage) -> None:
    for _ in range(3):
        await check.require()
    assert storage.runs == 1, "once, at the start"


async def test_failure_is_verified_before_it_is_believed(
    check: WriteCheck, storage: FailingStorage, clock: list[float]
) -> None:
    await check.require()
    check.record_failure()
    await check.require()  # the last verification was just now, and it was good
    clock[0] += readiness.VERIFY_SECONDS
    storage.error = Unavailable()
    with pytest.raises(Unavailable):
        await check.require()


async def test_recovery_is_seen_at_the_next_verification(
    check: WriteCheck, storage: FailingStorage, clock: list[float]
) -> None:
    storage.error = Unavailable()
    with pytest.raises(Unavailable):
        await check.require()
    storage.error = None
    with pytest.raises(Unavailable):
        await check.require()
    assert storage.runs == 1
    clock[0] += readiness.VERIFY_SECONDS
    await check.require()


async def test_unexpected_error_leaves_storage_unready(check: WriteCheck, storage: FailingStorage) -> None:
    storage.error = RuntimeError()
    with pytest.raises(RuntimeError):
        await check.require()
    with pytest.raises(Unavailable):
        await check.require()
