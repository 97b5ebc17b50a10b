"""What the shop holds, and the rules that all aggregates share."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.fuzz.model.answers import LATER, Answer, Refusal, duplicate, not_found, unknown_reference
from conformance.fuzz.model.asking import Ask, Route
from conformance.fuzz.model.values import MAX_ID, money, stamp

Row = dict[str, Any]
Rows = dict[int, Row]

KINDS = (
    "user",
    "category",
    "product",
    "order",
    "payment",
    "post",
    "tag",
    "account",
    "transfer",
    "notification",
)
MONEY = {"price", "balance", "amount", "total_amount", "unit_price", "total_price"}


class Shop:
    """All rows by kind and id, as JSON has them but for money, which is in minor units, and tags, which are ids.

    Attributes:
        now: milliseconds since 1970; the clock stands still while a request is served.
        cursors: what a storage's cursors mean: sort, value and id of the last row seen.
    """

    def __init__(self) -> None:
        self.now = 0
        self.rows: dict[str, Rows] = {kind: {} for kind in KINDS}
        self.cursors: dict[str, tuple[str, Any, int]] = {}
        self._used: dict[str, set[int]] = {kind: set() for kind in KINDS}
        self._order_numbers: set[str] = set()
        self._told: Any = None

    def holds_the_same(self, other: "Shop") -> bool:
        """Whether nobody can tell the two from each other from now on."""
        return self.rows == other.rows

    def serve(self, route: Route, ask: Ask, path: Mapping[str, str], told: Any) -> Answer:
        """Answer a request to ``route``."""
        given = route.read(ask, path)
        if isinstance(given, Answer):
            return given
        self._told = told
        try:
            return route.serve(self, given)
        except Refusal as refusal:
            errors = [
                {"field": field, "location": given.place_of(field), "message": message, "code": code}
                for field, message, code in refusal.fields
            ]
            return Answer(refusal.status, refusal.head | {"errors": errors})

    def find(self, kind: str, key: int) -> Row:
        """The row with this id."""
        if key not in self.rows[kind]:
            raise not_found(kind, key)
        return self.rows[kind][key]

    def where(self, kind: str, **values: Any) -> list[Row]:
        """The rows with these values, by id."""
        rows = sorted(self.rows[kind].values(), key=lambda row: row["id"])
        return [row for row in rows if all(row[name] == value for name, value in values.items())]

    def add(self, kind: str, values: Row, index: int | None = None) -> Row:
        """Store a new row: the ``index``-th of those that the request makes, or the only one."""
        at = stamp(self.now)
        record = {"created_at": at, "updated_at": at, "version": 1}
        return self.put(kind, record | values, index)

    def put(self, kind: str, values: Row, index: int | None = None) -> Row:
        """Store a row that has no version, under the id that the storage chose."""
        chosen = self._told_member("id", index)
        return self._keep(kind, values, chosen if self._is_new(kind, chosen) else self._later(kind))

    def add_hidden(self, kind: str, values: Row) -> Row:
        """Store a new row that the answer does not show, so that its id is to be learned later."""
        at = stamp(self.now)
        return self._keep(kind, {"created_at": at, "updated_at": at, "version": 1} | values, self._later(kind))

    def _keep(self, kind: str, values: Row, key: int) -> Row:
        self.rows[kind][key] = {"id": key} | values
        self._used[kind].add(key)
        return self.rows[kind][key]

    def _later(self, kind: str) -> int:
        return LATER + len(self._used[kind])

    def _is_new(self, kind: str, key: Any) -> bool:
        return type(key) is int and 1 <= key <= MAX_ID and key not in self._used[kind]

    def _told_member(self, name: str, index: int | None) -> Any:
        told = self._told
        if index is not None:
            told = told[index] if isinstance(told, list) and index < len(told) else None
        return told.get(name) if isinstance(told, dict) else None

    def hidden(self, kind: str) -> list[Row]:
        """Rows of which the id is not known yet."""
        return [row for key, row in self.rows[kind].items() if key >= LATER]

    def learn(self, kind: str, name: str, told: Iterable[Mapping[str, Any]]) -> None:
        """Learn ids from rows that a storage showed; a row is told by its member ``name``."""
        keys: dict[Any, int] = {row[name]: row["id"] for row in told}
        for row in self.hidden(kind):
            key = keys.get(row[name], 0)
            if self._is_new(kind, key):
                del self.rows[kind][row["id"]]
                for post in self.rows["post"].values() if kind == "tag" else ():
                    post["tags"] = sorted(key if tag == row["id"] else tag for tag in post["tags"])
                row["id"] = key
                self.rows[kind][key] = row
                self._used[kind].add(key)

    def learn_cursor(self, position: tuple[str, Any, int]) -> None:
        """Learn what the cursor in the storage's answer stands for."""
        cursor = self._told_member("next_cursor", None)
        if isinstance(cursor, str):
            self.cursors[cursor] = position

    def order_number(self) -> str:
        """The number that the storage's process drew for the order it placed just now."""
        number = self._told_member("order_number", None)
        time = re.sub(r"\D", "", stamp(self.now))[:14]
        pattern = rf"ORD-{time}-[0-9A-HJKMNP-TV-Z]{{6}}"
        if not isinstance(number, str) or number in self._order_numbers or not re.fullmatch(pattern, number):
            return f"ORD-{time}-XXXXXX"
        self._order_numbers.add(number)
        return number

    def change(self, row: Row, values: Mapping[str, Any]) -> Row:
        """Change a row: a new version, unless nothing is different."""
        if any(row[name] != value for name, value in values.items()):
            row.update(values)
            self.touch(row)
        return row

    def touch(self, row: Row) -> None:
        """A new version. Where the clock went back, the time of the last change stays."""
        row["version"] += 1
        row["updated_at"] = max(row["updated_at"], stamp(self.now))

    def require(self, references: Mapping[str, str], rows: Sequence[Row], *, bulk: bool = False) -> None:
        """Refuse rows of which a reference leads nowhere. ``references`` maps fields to kinds."""
        unknown = [
            named(field, index, bulk=bulk)
            for field, kind in references.items()
            for index, row in enumerate(rows)
            if row.get(field) is not None and row[field] not in self.rows[kind]
        ]
        if unknown:
            raise unknown_reference(unknown)

    def require_free(self, kind: str, keys: Mapping[str, Any], rows: Sequence[Row], *, bulk: bool = False) -> None:
        """Refuse rows that take the place of others. ``keys`` maps fields to functions; a key of None is free."""
        taken = []
        for field, key in keys.items():
            owners = {key(row): row["id"] for row in self.rows[kind].values()}
            for index, row in enumerate(rows):
                if key(row) is not None and owners.get(key(row), row.get("id")) != row.get("id"):
                    taken.append(named(field, index, bulk=bulk))
        if taken:
            raise duplicate(taken)

    def slugs(self, kind: str) -> set[str]:
        """Those that are taken."""
        return {row["slug"] for row in self.rows[kind].values()}


def check_distinct(keys: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Refuse a bulk that contradicts itself."""
    repeated = [
        f"{index}.{field}"
        for field, key in keys.items()
        for index, row in enumerate(rows)
        if key(row) is not None and key(row) in [key(earlier) for earlier in rows[:index]]
    ]
    if repeated:
        raise duplicate(repeated)


def named(field: str, index: int, *, bulk: bool) -> str:
    """A field of the ``index``-th element of a bulk, or of a single body."""
    return f"{index}.{field}" if bulk else field


def shown(row: Row) -> Row:
    """A row as JSON: money as text."""
    return {name: money(value) if name in MONEY else value for name, value in row.items()}
