"""The fuzzer finds defects, shrinks the sequences, and replays them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI
from hypothesis import settings

from conformance import Target
from conformance.fuzz.machine import run_random_sequences
from conformance.fuzz.participant import Divergence
from conformance.fuzz.steps import parse, serialize
from conformance.fuzz.transcript import replay
from tests.fuzz.profiles import PROFILE

pytestmark = pytest.mark.thorough

T = TypeVar("T")
SHORT = settings(PROFILE, derandomize=True, max_examples=400, stateful_step_count=10)


class Patched:
    """An object with some attributes replaced."""

    def __init__(self, inner: Any, **patches: Any) -> None:
        self.__dict__.update(patches, inner=inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class PatchedStorage(Patched):
    """A storage whose transactions have some attributes replaced by ``patches(transaction)``."""

    def patches(self, tx: Any) -> dict[str, Any]:
        raise NotImplementedError

    async def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        outcome: T = await self.inner.run(lambda tx: work(Patched(tx, **self.patches(tx))))
        return outcome


class NoRestock(PatchedStorage):
    """Does not restore the stock of a cancelled order."""

    def patches(self, tx: Any) -> dict[str, Any]:
        async def adjust_stock(changes: dict[int, int], at: Any) -> None:
            await tx.products.adjust_stock({key: min(pieces, 0) for key, pieces in changes.items()}, at)

        return {"products": Patched(tx.products, adjust_stock=adjust_stock)}


class LostUpdates(PatchedStorage):
    """Lets two concurrent changes of an entity both begin with its state before the first."""

    running = 0

    async def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        if not self.running:
            self.seen: dict[Any, Any] = {}
        self.running += 1
        for _ in range(50):  # iterations of the event loop; a slow machine needs no more
            await asyncio.sleep(0)  # for the other unit to begin
        try:
            return await super().run(work)
        finally:
            self.running -= 1

    def patches(self, tx: Any) -> dict[str, Any]:
        return {
            name: self.stale_lock(name, getattr(tx, name)) for name in ("users", "products", "categories", "accounts")
        }

    def stale_lock(self, name: str, repository: Any) -> Patched:
        async def lock(id: int) -> Any:
            return self.seen.setdefault((name, id), await repository.lock(id))

        async def save(entity: Any, *others: Any) -> None:
            stored = await repository.lock(entity.id)
            await repository.save(replace(entity, version=stored.version + 1), *others)

        return Patched(repository, lock=lock, save=save)


class TruncatedText(PatchedStorage):
    """Cuts descriptions after 255 characters."""

    def patches(self, tx: Any) -> dict[str, Any]:
        async def add(drafts: Sequence[Any], at: Any) -> Any:
            return await tx.products.add(
                [replace(one, description=one.description and one.description[:255]) for one in drafts], at
            )

        return {"products": Patched(tx.products, add=add)}


@pytest.mark.parametrize(
    ("defect", "most_lines"),
    [(NoRestock, 5), (LostUpdates, 3), (TruncatedText, 1)],
    ids=["a rule", "a race", "a value"],
)
@pytest.mark.timeout(600)
def test_defect_is_found_shrunk_and_replayed(
    defect: Callable[[Any], Any], most_lines: int, storage_targets: Sequence[Target], apps: dict[str, FastAPI]
) -> None:
    def alter(app: FastAPI) -> None:
        app.state.storage = defect(app.state.storage)

    with pytest.raises(Divergence) as found:
        run_random_sequences(storage_targets[:1], apps, SHORT, alter)
    lines = parse(found.value.transcript)
    assert serialize(lines) == found.value.transcript
    with pytest.raises(Divergence) as again:
        replay(lines, storage_targets[:1], apps, alter)
    assert str(again.value) == str(found.value)
    replay(lines, storage_targets, apps)
    changes = [line for line in lines if line[0].method != "GET"]
    assert len(changes) <= most_lines
