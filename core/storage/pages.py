"""Lists: pages of sorted rows, by page number or by cursor.

Every sort ends in the id, in the same direction, so no row is repeated or lost between pages. A null sorts before every
value. A cursor holds the sort key of the last row seen, so the next page costs the same at any depth.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Generic, TypeVar

from core.entities.fields import MAX_ID
from core.errors import ValidationFailed

E = TypeVar("E")

SortValue = str | int | datetime | None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MILLISECONDS = 253_402_300_799_999  # the last millisecond of the year 9999


class SortKind(Enum):
    """What a sort field holds, so that a cursor can be checked when it comes back."""

    TEXT = "text"
    INTEGER = "integer"
    TIME = "time"
    NULLABLE_TIME = "nullable time"


Sorts = Mapping[str, SortKind]


@dataclass(frozen=True, slots=True)
class SortOrder:
    """One sort field, and the direction that it and the id share."""

    field: str
    kind: SortKind
    descending: bool

    @classmethod
    def parse(cls, given: str, sorts: Sorts) -> "SortOrder":
        """``"name"`` or ``"-name"``.

        Raises:
            ValidationFailed: the field is not one of ``sorts``.
        """
        field = given.removeprefix("-")
        if field not in sorts:
            raise ValidationFailed("sort", f"must be one of {', '.join(sorts)}, with a leading - for descending order")
        return cls(field, sorts[field], given.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.field}" if self.descending else self.field


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a sorted list is wanted.

    Attributes:
        sort: the order of the rows.
        size: rows on a page, 1 to 100.
        page: 1 for the first; None when walking by cursor, and then no total is counted.
        after: when walking by cursor, the sort value and id of the last row seen; None at the start.
    """

    sort: SortOrder
    size: int
    page: int | None = 1
    after: tuple[SortValue, int] | None = None

    @property
    def offset(self) -> int:
        """Rows before the page; 0 when walking by cursor."""
        return 0 if self.page is None else (self.page - 1) * self.size


@dataclass(frozen=True, slots=True)
class Page(Generic[E]):
    """The rows of a page.

    Attributes:
        items: at most ``page_request.size`` entities.
        has_more: whether rows follow.
        total: how many rows there are in all, exact; None when walking by cursor.
    """

    items: list[E]
    has_more: bool
    total: int | None


def encode_cursor(sort: SortOrder, entity: object) -> str:
    """An opaque cursor that stands behind ``entity`` in a list sorted by ``sort``."""
    value = getattr(entity, sort.field)
    key = (value - _EPOCH) // timedelta(milliseconds=1) if isinstance(value, datetime) else value
    packed = json.dumps([str(sort), key, entity.id], separators=(",", ":"))  # type: ignore[attr-defined]
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, sorts: Sorts) -> tuple[SortOrder, tuple[SortValue, int]]:
    """The sort and the position that ``encode_cursor`` put in.

    Raises:
        ValidationFailed: it is not a cursor of a list with these ``sorts``.
    """
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        sort_text, key, row_id = json.loads(packed)
        sort = SortOrder.parse(sort_text, sorts)
        if not _is_integer(row_id, 1, MAX_ID):
            raise ValueError
        return sort, (_sort_value(sort.kind, key), row_id)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError, ValidationFailed):
        raise invalid_cursor() from None


def invalid_cursor() -> ValidationFailed:
    """The error of every cursor that cannot be used, which does not say why."""
    return ValidationFailed("cursor", "is not a cursor of this list")


def _sort_value(kind: SortKind, key: Any) -> SortValue:
    match kind:
        case SortKind.TEXT if isinstance(key, str) and "\x00" not in key:
            key.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
            return key
        case SortKind.INTEGER if _is_integer(key, -(2**63), 2**63 - 1):
            return int(key)
        case SortKind.TIME | SortKind.NULLABLE_TIME if _is_integer(key, 0, _MAX_MILLISECONDS):
            return _EPOCH + timedelta(milliseconds=key)
        case SortKind.NULLABLE_TIME if key is None:
            return None
    raise ValueError


def _is_integer(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
