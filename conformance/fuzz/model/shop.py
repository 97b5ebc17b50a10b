"""The data of the model, and the rules that all aggregates share."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.fuzz.model.requests import RawRequest, Route
from conformance.fuzz.model.responses import (
    FIRST_PLACEHOLDER_ID,
    Problem,
    Response,
    duplicate,
    not_found,
    unknown_reference,
)
from conformance.fuzz.model.values import MAX_ID, format_money, format_time

Record = dict[str, Any]
Records = dict[int, Record]

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
MONEY_FIELDS = {"price", "balance", "amount", "refunded_amount", "total_amount", "unit_price", "total_price"}


class ShopModel:
    """All rows by kind and id, as in JSON, but with money in minor units, and tags as ids.

    Attributes:
        now: milliseconds since 1970, constant during a request.
        cursors: the position that each cursor of the storage stands for: sort, value and id of the last row.
    """

    def __init__(self) -> None:
        self.now = 0
        self.rows: dict[str, Records] = {kind: {} for kind in KINDS}
        self.cursors: dict[str, tuple[str, Any, int]] = {}
        self._used: dict[str, set[int]] = {kind: set() for kind in KINDS}
        self._order_numbers: set[str] = set()
        self._observed: Any = None

    def has_same_state(self, other: "ShopModel") -> bool:
        """Whether both give the same responses from now on."""
        return self.rows == other.rows

    def handle(self, route: Route, raw: RawRequest, path: Mapping[str, str], observed: Any) -> Response:
        """The response to a request to ``route``."""
        request = route.parse(raw, path)
        if isinstance(request, Response):
            return request
        self._observed = observed
        try:
            return route.handle(self, request)
        except Problem as problem:
            errors = [
                {"field": field, "location": request.location_of(field), "message": message, "code": code}
                for field, message, code in problem.fields
            ]
            return Response(problem.status, problem.head | {"errors": errors})

    def find(self, kind: str, key: int) -> Record:
        """The row with this id."""
        if key not in self.rows[kind]:
            raise not_found(kind, key)
        return self.rows[kind][key]

    def select(self, kind: str, **values: Any) -> list[Record]:
        """The rows with these values, by id."""
        rows = sorted(self.rows[kind].values(), key=lambda row: row["id"])
        return [row for row in rows if all(row[name] == value for name, value in values.items())]

    def add(self, kind: str, values: Record, index: int | None = None) -> Record:
        """Store a new row: the ``index``-th that the request creates, or the only one."""
        at = format_time(self.now)
        record = {"created_at": at, "updated_at": at, "version": 1}
        return self.put(kind, record | values, index)

    def put(self, kind: str, values: Record, index: int | None = None) -> Record:
        """Store a row under the id that the storage chose."""
        chosen = self._observed_member("id", index)
        return self._store(kind, values, chosen if self._is_new(kind, chosen) else self._placeholder_id(kind))

    def add_unseen(self, kind: str, values: Record) -> Record:
        """Store a new row that the response does not show, under a placeholder id."""
        at = format_time(self.now)
        return self._store(
            kind, {"created_at": at, "updated_at": at, "version": 1} | values, self._placeholder_id(kind)
        )

    def _store(self, kind: str, values: Record, key: int) -> Record:
        self.rows[kind][key] = {"id": key} | values
        self._used[kind].add(key)
        return self.rows[kind][key]

    def _placeholder_id(self, kind: str) -> int:
        return FIRST_PLACEHOLDER_ID + len(self._used[kind])

    def _is_new(self, kind: str, key: Any) -> bool:
        return type(key) is int and 1 <= key <= MAX_ID and key not in self._used[kind]

    def _observed_member(self, name: str, index: int | None) -> Any:
        observed = self._observed
        if index is not None:
            observed = observed[index] if isinstance(observed, list) and index < len(observed) else None
        return observed.get(name) if isinstance(observed, dict) else None

    def unseen(self, kind: str) -> list[Record]:
        """The rows with placeholder ids."""
        return [row for key, row in self.rows[kind].items() if key >= FIRST_PLACEHOLDER_ID]

    def learn_ids(self, kind: str, name: str, observed: Iterable[Mapping[str, Any]]) -> None:
        """Replace placeholder ids by those in rows that a storage returned; member ``name`` identifies a row."""
        keys: dict[Any, int] = {row[name]: row["id"] for row in observed}
        for row in self.unseen(kind):
            key = keys.get(row[name], 0)
            if self._is_new(kind, key):
                del self.rows[kind][row["id"]]
                for post in self.rows["post"].values() if kind == "tag" else ():
                    post["tags"] = sorted(key if tag == row["id"] else tag for tag in post["tags"])
                row["id"] = key
                self.rows[kind][key] = row
                self._used[kind].add(key)

    def learn_cursor(self, position: tuple[str, Any, int]) -> None:
        """Remember the position of the cursor in the storage's response."""
        cursor = self._observed_member("next_cursor", None)
        if isinstance(cursor, str):
            self.cursors[cursor] = position

    def order_number(self) -> str:
        """The number of the order that the storage placed in this request, if it is valid."""
        number = self._observed_member("order_number", None)
        time = re.sub(r"\D", "", format_time(self.now))[:14]
        pattern = rf"ORD-{time}-[0-9A-HJKMNP-TV-Z]{{6}}"
        if not isinstance(number, str) or number in self._order_numbers or not re.fullmatch(pattern, number):
            return f"ORD-{time}-XXXXXX"
        self._order_numbers.add(number)
        return number

    def change(self, row: Record, values: Mapping[str, Any]) -> Record:
        """Change a row, which gets a new version unless nothing differs."""
        if any(row[name] != value for name, value in values.items()):
            row.update(values)
            self.touch(row)
        return row

    def touch(self, row: Record) -> None:
        """Give a row a new version; its time of change never goes back."""
        row["version"] += 1
        row["updated_at"] = max(row["updated_at"], format_time(self.now))

    def check_references(self, references: Mapping[str, str], rows: Sequence[Record], *, bulk: bool = False) -> None:
        """Reject rows with unknown references. ``references`` maps fields to kinds."""
        unknown = [
            field_name(field, index, bulk=bulk)
            for field, kind in references.items()
            for index, row in enumerate(rows)
            if row.get(field) is not None and row[field] not in self.rows[kind]
        ]
        if unknown:
            raise unknown_reference(unknown)

    def check_unique(self, kind: str, keys: Mapping[str, Any], rows: Sequence[Record], *, bulk: bool = False) -> None:
        """Reject rows with a key that another row has. ``keys`` maps fields to functions; None is never taken."""
        taken = []
        for field, key in keys.items():
            owners = {key(row): row["id"] for row in self.rows[kind].values()}
            for index, row in enumerate(rows):
                if key(row) is not None and owners.get(key(row), row.get("id")) != row.get("id"):
                    taken.append(field_name(field, index, bulk=bulk))
        if taken:
            raise duplicate(taken)

    def taken_slugs(self, kind: str) -> set[str]:
        """The slugs of a kind that are taken."""
        return {row["slug"] for row in self.rows[kind].values()}


def check_distinct(keys: Mapping[str, Any], rows: Sequence[Record]) -> None:
    """Reject a bulk in which two rows have an equal key."""
    repeated = [
        f"{index}.{field}"
        for field, key in keys.items()
        for index, row in enumerate(rows)
        if key(row) is not None and key(row) in [key(earlier) for earlier in rows[:index]]
    ]
    if repeated:
        raise duplicate(repeated)


def field_name(field: str, index: int, *, bulk: bool) -> str:
    """The name of a field in the ``index``-th element of a bulk, or in a single body."""
    return f"{index}.{field}" if bulk else field


def to_json(row: Record) -> Record:
    """A row as JSON, with money as text."""
    return {name: format_money(value) if name in MONEY_FIELDS else value for name, value in row.items()}
