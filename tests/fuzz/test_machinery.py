"""The fuzzer finds what is wrong, makes it short, and can show it again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI
from hypothesis import settings

from conformance import Target
from conformance.fuzz.machine import converse
from conformance.fuzz.seat import Divergence
from conformance.fuzz.steps import read, written
from conformance.fuzz.transcript import replay
from tests.fuzz.profiles import PROFILE

pytestmark = pytest.mark.thorough

T = TypeVar("T")
SHORT = settings(PROFILE, derandomize=True, max_examples=400, stateful_step_count=10)


class Altered:
    """Something with a part of it replaced."""

    def __init__(self, real: Any, **parts: Any) -> None:
        self.__dict__.update(parts, real=real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class AlteredStorage(Altered):
    """A storage with a part of its units of work replaced by ``self.part(transaction)``."""

    def parts(self, tx: Any) -> dict[str, Any]:
        raise NotImplementedError

    async def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        outcome: T = await self.real.run(lambda tx: work(Altered(tx, **self.parts(tx))))
        return outcome


class KeepsStock(AlteredStorage):
    """Cancelling an order does not bring its pieces back."""

    def parts(self, tx: Any) -> dict[str, Any]:
        async def adjust_stock(changes: dict[int, int], at: Any) -> None:
            await tx.products.adjust_stock({key: min(pieces, 0) for key, pieces in changes.items()}, at)

        return {"products": Altered(tx.products, adjust_stock=adjust_stock)}


class LosesUpdates(AlteredStorage):
    """Of two changes at once of one thing, both begin with what it was before the first."""

    running = 0

    async def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        if not self.running:
            self.seen: dict[Any, Any] = {}
        self.running += 1
        for _ in range(50):  # rounds of the loop, which a slow machine needs no more of
            await asyncio.sleep(0)  # for the other to arrive
        try:
            return await super().run(work)
        finally:
            self.running -= 1

    def parts(self, tx: Any) -> dict[str, Any]:
        return {name: self.hasty(name, getattr(tx, name)) for name in ("users", "products", "categories", "accounts")}

    def hasty(self, name: str, repository: Any) -> Altered:
        async def lock(id: int) -> Any:
            return self.seen.setdefault((name, id), await repository.lock(id))

        async def save(entity: Any, *others: Any) -> None:
            stored = await repository.lock(entity.id)
            await repository.save(replace(entity, version=stored.version + 1), *others)

        return Altered(repository, lock=lock, save=save)


class CutsTexts(AlteredStorage):
    """A description of more than 255 characters loses its end."""

    def parts(self, tx: Any) -> dict[str, Any]:
        async def add(drafts: Sequence[Any], at: Any) -> Any:
            return await tx.products.add(
                [replace(one, description=one.description and one.description[:255]) for one in drafts], at
            )

        return {"products": Altered(tx.products, add=add)}


@pytest.mark.parametrize(
    ("wrong", "longest"), [(KeepsStock, 5), (LosesUpdates, 3), (CutsTexts, 1)], ids=["a rule", "a race", "a value"]
)
@pytest.mark.timeout(600)
def test_defect_is_found_shrunk_and_replayed(
    wrong: Callable[[Any], Any], longest: int, panelists: Sequence[Target], apps: dict[str, FastAPI]
) -> None:
    def alter(app: FastAPI) -> None:
        app.state.storage = wrong(app.state.storage)

    with pytest.raises(Divergence) as found:
        converse(panelists[:1], apps, SHORT, alter)
    lines = read(found.value.transcript)
    assert written(lines) == found.value.transcript
    with pytest.raises(Divergence) as again:
        replay(lines, panelists[:1], apps, alter)
    assert str(again.value) == str(found.value)
    replay(lines, panelists, apps)
    asked = [line for line in lines if line[0].method != "GET"]
    assert len(asked) <= longest
