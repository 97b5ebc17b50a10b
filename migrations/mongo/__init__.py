"""The steps of the schema on MongoDB, one module each in ``versions``: ``up(schema)`` and ``down(schema)``.

A step may be repeated: one that broke off runs again from its beginning. What it says is history and stays as it is,
whatever becomes of the documents in ``backends.mongo.documents``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Rule = Mapping[str, Any]


class Data(Protocol):
    """A collection's documents."""

    async def find(
        self,
        filter: Mapping[str, Any],
        projection: Mapping[str, Any] | None = None,
        *,
        order: Sequence[tuple[str, int]] | None = None,
        skip: int = 0,
        limit: int = 0,
    ) -> list[dict[str, Any]]: ...
    async def update_each(self, changes: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> int: ...
    async def update_many(self, filter: Mapping[str, Any], update: Mapping[str, Any]) -> int: ...


class Schema(Protocol):
    """What a step can change."""

    def collection(self, name: str) -> Data: ...
    async def create(self, name: str, rule: Rule) -> None: ...
    async def require(self, name: str, rule: Rule) -> None: ...
    async def drop(self, name: str) -> None: ...
    async def index(
        self, name: str, keys: Sequence[str], *, unique: bool = False, present: str | None = None
    ) -> None: ...
    async def unindex(self, name: str, keys: Sequence[str]) -> None: ...
