"""Defects: wrappers around a sound storage that make it wrong."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, TypeVar

from core.storage import Capabilities, Storage, Transaction

T = TypeVar("T")
Work = Callable[[Any], Awaitable[T]]


class RepositoryWrapper:
    """Calls ``inner``, except where a subclass overrides it; ``state`` lives as long as the storage."""

    def __init__(self, inner: Any, state: dict[str, Any]) -> None:
        self.inner = inner
        self.state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Defect:
    """A way to be wrong; the base class itself is sound.

    Attributes:
        caught_by: the test of the suite that must fail.
        readers: wrappers of a storage's readers, by aggregate.
        repositories: wrappers of a transaction's repositories, by aggregate.
    """

    caught_by: ClassVar[str] = ""
    readers: ClassVar[Mapping[str, type[RepositoryWrapper]]] = {}
    repositories: ClassVar[Mapping[str, type[RepositoryWrapper]]] = {}

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.state: dict[str, Any] = {"storage": storage}

    @classmethod
    def capabilities(cls, sound: Capabilities) -> Capabilities:
        """The declared capabilities."""
        return sound

    async def run(self, work: Work[T]) -> T:
        return await self.storage.run(lambda tx: work(BrokenTransaction(tx, self)))

    def savepoint(self, tx: Transaction) -> AbstractAsyncContextManager[None]:
        return tx.savepoint()


class BrokenTransaction:
    """A transaction with a defect."""

    def __init__(self, inner: Transaction, defect: Defect) -> None:
        self._inner = inner
        self._defect = defect

    def __getattr__(self, name: str) -> Any:
        repository = getattr(self._inner, name)
        wrapper = self._defect.repositories.get(name)
        return wrapper(repository, self._defect.state) if wrapper else repository

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        return self._defect.savepoint(self._inner)


class BrokenStorage:
    """An opened storage with a defect."""

    def __init__(self, inner: Storage, defect: type[Defect]) -> None:
        self._inner = inner
        self._defect = defect(inner)
        self.capabilities = defect.capabilities(inner.capabilities)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        wrapper = self._defect.readers.get(name)
        return wrapper(found, self._defect.state) if wrapper else found

    async def run(self, work: Work[T]) -> T:
        return await self._defect.run(work)
