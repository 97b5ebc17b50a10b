"""The steps of the schema on MongoDB, one module each in ``versions``: ``up(schema)`` and ``down(schema)``.

A step may be repeated: one that was interrupted runs again from its beginning. A released step does not change, however
the documents in ``backends.mongo.documents`` do.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Rule = Mapping[str, Any]


class Data(Protocol):
    """A collection's documents; ``backends.mongo.collection.Collection`` describes each method."""

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
    """The changes that a step can make."""

    def collection(self, name: str) -> Data:
        """A collection, for changes of its documents."""
        ...

    async def create(self, name: str, rule: Rule) -> None:
        """Create a collection whose documents must match ``rule``, a ``$jsonSchema``."""
        ...

    async def require(self, name: str, rule: Rule) -> None:
        """Replace the rule that documents must match when they are written."""
        ...

    async def drop(self, name: str) -> None:
        """Remove a collection with all its documents."""
        ...

    async def index(self, name: str, keys: Sequence[str], *, unique: bool = False, present: str | None = None) -> None:
        """Create an ascending index; with ``present``, it holds only documents in which that key is a number."""
        ...

    async def unindex(self, name: str, keys: Sequence[str]) -> None:
        """Remove an index that is not unique, if it exists."""
        ...
