"""Masks for what differs from run to run: ids, times, order numbers, cursors, and a storage's own facts."""

import re
from typing import Any

REFERENCES = {
    "user_id": "user",
    "author_id": "user",
    "product_id": "product",
    "category_id": "category",
    "parent_id": "category",
    "order_id": "order",
    "from_account_id": "account",
    "to_account_id": "account",
    "account_id": "account",
}
"""The kind of entity that a member refers to."""

IDENTIFYING_MEMBERS = {
    "username": "user",
    "sku": "product",
    "order_number": "order",
    "content": "post",
    "balance": "account",
    "from_account_id": "transfer",
    "method": "payment",
    "message": "notification",
    "parent_id": "category",
    "reason": "user",
    "unit_price": "line",
    "slug": "tag",
}
"""The kind of an entity, by the first of these members that it has."""

STORAGE_MEMBERS = {
    "pool_size",
    "max_overflow",
    "connections_in_use",
    "connections_available",
    "checked_in",
    "checked_out",
    "overflow",
    "total_connections",
    "backend",
    "server",
    "schema_revision",
    "instance",
}
"""Members that depend on the storage or the run, null or not: some storages have no schema. ``version`` of the service
is another."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_ORDER_NUMBER = re.compile(r"ORD-\d{14}-[0-9A-Z]{6}")
_ANONYMOUS = re.compile(r"anonymous_\d+_[0-9a-f]{8}")
_IN_TEXT = re.compile(r"\b(user|product|category|order|post|tag|account|notification)(:? )(\d+)\b", re.IGNORECASE)
_NAMED = re.compile(r"@([a-z]+)(\d+)")


class Masks:
    """Numbers the entities of each kind in the order of their first appearance."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[int, int]] = {}
        self.cursor = ""

    def fill_in(self, value: Any) -> Any:
        """``value`` with ``@user1`` replaced by that user's id, and ``@cursor`` by the last cursor of a response."""
        if isinstance(value, dict):
            return {name: self.fill_in(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.fill_in(element) for element in value]
        if not isinstance(value, str):
            return value
        if whole := _NAMED.fullmatch(value):
            return self._id(whole)
        return _NAMED.sub(lambda match: str(self._id(match)), value).replace("@cursor", self.cursor)

    def _id(self, named: re.Match[str]) -> int:
        numbers = self._numbers[named[1]]
        return next(key for key, number in numbers.items() if number == int(named[2]))

    def _number(self, kind: str, key: int) -> str:
        numbers = self._numbers.setdefault(kind, {})
        return f"{kind} {numbers.setdefault(key, len(numbers) + 1)}"

    def mask(self, value: Any) -> Any:
        """``value`` with everything masked that may differ."""
        if isinstance(value, list):
            return [self.mask(element) for element in value]
        if isinstance(value, dict):
            kind = next((IDENTIFYING_MEMBERS[name] for name in IDENTIFYING_MEMBERS if name in value), "")
            return {name: self._member(kind, name, member, value) for name, member in value.items()}
        return self._text(value) if isinstance(value, str) else value

    def _member(self, kind: str, name: str, value: Any, entity: dict[str, Any]) -> Any:
        if name in STORAGE_MEMBERS or (name == "version" and "docs" in entity):
            return f"<{name}>"
        if value is None:
            return None
        if name == "next_cursor":
            self.cursor = value
            return "<cursor>"
        if isinstance(value, int) and (kind := REFERENCES.get(name, kind if name == "id" else "")):
            return f"<{self._number(kind, value)}>"
        return self.mask(value)

    def _text(self, text: str) -> str:
        text = _ORDER_NUMBER.sub("<order number>", _TIME.sub("<time>", text))
        return _IN_TEXT.sub(self._in_text, _ANONYMOUS.sub("<anonymous>", text))

    def _in_text(self, match: re.Match[str]) -> str:
        number = self._numbers.get(match[1].lower(), {}).get(int(match[3]))
        return match[0] if number is None else f"{match[1]}{match[2]}<{number}>"
