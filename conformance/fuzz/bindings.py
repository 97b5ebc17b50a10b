"""The values that the names in a sequence have on one storage."""

import re
from typing import Any
from urllib.parse import quote

UNKNOWN_ID = 900_000_000_000
"""The id of an unbound name, which no entity has."""

_REFERENCE = re.compile(r"@([a-z]+[0-9]+)(?:\.(\w+))?")
_UNBOUND = {"total_amount": "1.00", "sku": "NO-1", "slug": "nowhere", "email": "unknown@example.com"}


class Bindings:
    """Entities by the name that they were created under, as the response showed them then."""

    def __init__(self) -> None:
        self._entities: dict[str, dict[str, Any]] = {}
        self._cursors: dict[str, str] = {}

    def bind(self, name: str, entity: dict[str, Any]) -> None:
        """Bind a name to an entity."""
        self._entities[name] = entity

    def bind_cursor(self, path: str, cursor: str | None) -> None:
        """Bind the next cursor of the list at ``path``; the list starts again after its end."""
        self._cursors[path] = cursor or ""

    def entity(self, name: str) -> dict[str, Any] | None:
        """The entity that was created under a name."""
        return self._entities.get(name)

    def resolve_body(self, value: Any) -> Any:
        """A body with every text that is a reference replaced."""
        if isinstance(value, dict):
            return {name: self.resolve_body(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.resolve_body(member) for member in value]
        if isinstance(value, str) and (found := _REFERENCE.fullmatch(value)):
            return self._resolve(found)
        return value

    def resolve_path(self, path: str) -> str:
        """A path and query with every reference replaced."""
        path = path.replace("@cursor", quote(self._cursors.get(path.partition("?")[0], ""), safe=""))
        return _REFERENCE.sub(lambda found: quote(str(self._resolve(found)), safe=""), path)

    def _resolve(self, found: re.Match[str]) -> Any:
        entity, member = self._entities.get(found[1]), found[2] or "id"
        if entity is None:
            return UNKNOWN_ID if member == "id" else _UNBOUND[member]
        return entity[member]
