"""Masking what differs from run to run: ids, times, order numbers, cursors, and what a storage says about itself."""

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
}
"""Which kind of thing a member refers to."""

SIGNS = {
    "username": "user",
    "sku": "product",
    "order_number": "order",
    "content": "post",
    "balance": "account",
    "from_account_id": "transfer",
    "method": "payment",
    "message": "notification",
    "parent_id": "category",
    "slug": "tag",
}
"""By which member a thing can be told, the first that is there."""

OWN = {
    "pool_size",
    "max_overflow",
    "connections_in_use",
    "connections_available",
    "backend",
    "server",
    "schema_revision",
    "instance",
}
"""Members that belong to the storage or the run, not to the contract, null or not: some storages have no schema.
``version`` of the service is one more."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_ORDER_NUMBER = re.compile(r"ORD-\d{14}-[0-9A-Z]{6}")
_IN_TEXT = re.compile(r"\b(user|product|category|order|post|tag|account|notification)(:? )(\d+)\b", re.IGNORECASE)
_NAMED = re.compile(r"@([a-z]+)(\d+)")


class Masks:
    """Numbers things of each kind in the order in which they first appear, and knows them again by that number."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[int, int]] = {}
        self.cursor = ""

    def fill_in(self, asked: Any) -> Any:
        """``asked`` with ``@user1`` replaced by that user's id, and ``@cursor`` by the last cursor answered."""
        if isinstance(asked, dict):
            return {name: self.fill_in(value) for name, value in asked.items()}
        if isinstance(asked, list):
            return [self.fill_in(value) for value in asked]
        if not isinstance(asked, str):
            return asked
        if whole := _NAMED.fullmatch(asked):
            return self._id(whole)
        return _NAMED.sub(lambda match: str(self._id(match)), asked).replace("@cursor", self.cursor)

    def _id(self, named: re.Match[str]) -> int:
        numbers = self._numbers[named[1]]
        return next(key for key, number in numbers.items() if number == int(named[2]))

    def _number(self, kind: str, key: int) -> str:
        numbers = self._numbers.setdefault(kind, {})
        return f"{kind} {numbers.setdefault(key, len(numbers) + 1)}"

    def mask(self, answered: Any) -> Any:
        """``answered`` with everything masked that is not the contract's."""
        if isinstance(answered, list):
            return [self.mask(value) for value in answered]
        if isinstance(answered, dict):
            kind = next((SIGNS[name] for name in SIGNS if name in answered), "")
            return {name: self._member(kind, name, value, answered) for name, value in answered.items()}
        return self._text(answered) if isinstance(answered, str) else answered

    def _member(self, kind: str, name: str, value: Any, whole: dict[str, Any]) -> Any:
        if name in OWN or (name == "version" and "docs" in whole):
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
        return _IN_TEXT.sub(self._in_text, text)

    def _in_text(self, match: re.Match[str]) -> str:
        number = self._numbers.get(match[1].lower(), {}).get(int(match[3]))
        return match[0] if number is None else f"{match[1]}{match[2]}<{number}>"
