"""What the names in a conversation stand for at one storage."""

import re
from typing import Any
from urllib.parse import quote

UNKNOWN = 900_000_000_000
"""The id of what does not exist: of a name that nothing was made under."""

_WHOLE = re.compile(r"@([a-z]+[0-9]+)(?:\.(\w+))?")
_INSTEAD = {"total_amount": "1.00", "sku": "NO-1", "slug": "nowhere", "email": "nobody@example.com"}


class Names:
    """Things by the name under which they were made, as they were answered then."""

    def __init__(self) -> None:
        self._things: dict[str, dict[str, Any]] = {}
        self._cursors: dict[str, str] = {}

    def bind(self, name: str, thing: dict[str, Any]) -> None:
        """``name`` stands for ``thing`` from now on."""
        self._things[name] = thing

    def bind_cursor(self, path: str, cursor: str | None) -> None:
        """Remember how the walk through the list at ``path`` goes on; from the start where it has ended."""
        self._cursors[path] = cursor or ""

    def thing(self, name: str) -> dict[str, Any] | None:
        """What was made under a name."""
        return self._things.get(name)

    def in_body(self, value: Any) -> Any:
        """A body with every text that is a name replaced."""
        if isinstance(value, dict):
            return {name: self.in_body(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.in_body(member) for member in value]
        if isinstance(value, str) and (found := _WHOLE.fullmatch(value)):
            return self._meant(found)
        return value

    def in_path(self, path: str) -> str:
        """A path with its query, with every name in it replaced."""
        path = path.replace("@cursor", quote(self._cursors.get(path.partition("?")[0], ""), safe=""))
        return _WHOLE.sub(lambda found: quote(str(self._meant(found)), safe=""), path)

    def _meant(self, found: re.Match[str]) -> Any:
        thing, member = self._things.get(found[1]), found[2] or "id"
        if thing is None:
            return UNKNOWN if member == "id" else _INSTEAD[member]
        return thing[member]
