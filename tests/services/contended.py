"""A memory storage whose units of work meet conflicts and changes by other transactions, as a test prescribes them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from stockroom_memory.storage import MemoryStorage, Store
from typing_extensions import override

from core.errors import StockroomError
from core.storage import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """What one call of ``run`` meets.

    Attributes:
        before: runs ahead of the unit of work, as the transaction of another process would.
        error: raised once at the end of the unit of work, which is thereby undone.
    """

    before: Callable[[], Awaitable[object]] | None = None
    error: StockroomError | None = None


class ContendedStorage(MemoryStorage):
    """Takes one of ``steps`` for each call of ``run``; without any it is an ordinary memory storage.

    Attributes:
        steps: for the next calls of ``run``, first to last.
        runs: how many times a unit of work was run, those that were undone included.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store, 1.0)
        self.steps: list[Step] = []
        self.runs = 0

    @override
    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        step = self.steps.pop(0) if self.steps else Step()
        errors = [step.error] if step.error else []
        if step.before is not None:
            await step.before()

        async def attempt(tx: Transaction) -> T:
            self.runs += 1
            outcome = await work(tx)
            if errors:
                raise errors.pop()
            return outcome

        return await super().run(attempt)
