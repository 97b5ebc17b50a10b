"""Requests for pages, and the cursors between them."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.entities.fields import MAX_ID
from core.errors import ValidationFailed
from core.storage.pages import PageRequest, SortKind, SortOrder, SortValue, decode_cursor, encode_cursor

SORTS = {
    "id": SortKind.INTEGER,
    "name": SortKind.TEXT,
    "created_at": SortKind.TIME,
    "published_at": SortKind.NULLABLE_TIME,
    "total": SortKind.INTEGER,
}
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 30)).map(lambda t: clock.truncate(t.replace(tzinfo=UTC)))
VALUES: dict[SortKind, st.SearchStrategy[Any]] = {
    SortKind.TEXT: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    SortKind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    SortKind.TIME: TIMES,
    SortKind.NULLABLE_TIME: st.none() | TIMES,
}


@dataclass
class Row:
    """An entity of a list."""

    id: int
    name: Any = None
    created_at: Any = None
    published_at: Any = None
    total: Any = None


@st.composite
def positions(draw: st.DrawFn) -> tuple[SortOrder, SortValue, int]:
    field = draw(st.sampled_from([name for name in SORTS if name != "id"]))
    sort = SortOrder(field, SORTS[field], draw(st.booleans()))
    return sort, draw(VALUES[sort.kind]), draw(st.integers(1, MAX_ID))


@given(positions())
def test_cursor_survives_a_round_trip(position: tuple[SortOrder, SortValue, int]) -> None:
    sort, value, row_id = position
    cursor = encode_cursor(sort, Row(row_id, **{sort.field: value}))
    assert decode_cursor(cursor, SORTS) == (sort, (value, row_id))
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&#? ")


def test_cursor_by_id_holds_the_id_twice() -> None:
    sort = SortOrder("id", SortKind.INTEGER, descending=True)
    assert decode_cursor(encode_cursor(sort, Row(7)), SORTS) == (sort, (7, 7))


def packed(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BROKEN = {
    "nothing": "",
    "no base64": "%%%",
    "a wrong length": "a",
    "not ASCII": "ä",
    "no UTF-8": base64.urlsafe_b64encode(b"\xff\xfe[1]").decode(),
    "no JSON": packed("["),
    "no list": packed({}),
    "a number": packed(1),
    "null": packed(None),
    "too short": packed(["name", "a"]),
    "too long": packed(["name", "a", 1, 2]),
    "no sort field": packed([1, "a", 1]),
    "an unknown sort field": packed(["price", 1, 1]),
    "two signs": packed(["--name", "a", 1]),
    "an id of 0": packed(["name", "a", 0]),
    "an id above the maximum": packed(["name", "a", MAX_ID + 1]),
    "an id that is text": packed(["name", "a", "1"]),
    "an id that is true": packed(["name", "a", True]),
    "an id with decimals": packed(["name", "a", 1.0]),
    "text where a number belongs": packed(["total", "1", 1]),
    "a number where text belongs": packed(["name", 1, 1]),
    "a flag where a number belongs": packed(["total", True, 1]),
    "a number beyond 64 bits": packed(["total", 2**63, 1]),
    "a number of thousands of digits": packed(f'["total",{"9" * 5000},1]'),
    "a time before 1970": packed(["created_at", -1, 1]),
    "a time after the year 9999": packed(["created_at", 253_402_300_800_000, 1]),
    "a time as text": packed(["created_at", "2026-01-01", 1]),
    "null where a time must be": packed(["created_at", None, 1]),
    "null where text must be": packed(["name", None, 1]),
    "NaN": packed('["total",NaN,1]'),
    "NUL": packed(["name", "\x00", 1]),
    "a lone surrogate": packed(["name", "\ud800", 1]),
    "an object": packed(["name", {}, 1]),
    "endless nesting": packed("[" * 100_000),
}


@pytest.mark.parametrize("cursor", BROKEN.values(), ids=BROKEN)
def test_broken_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        decode_cursor(cursor, SORTS)
    assert [found.field for found in error.value.errors] == ["cursor"]


@given(st.text() | st.text("eyJbIm5hWQxMjM0NTY3ODkLCJdCg").map(str) | st.binary().map(lambda b: packed(repr(b))))
def test_any_text_is_a_cursor_or_refused(cursor: str) -> None:
    try:
        sort, _ = decode_cursor(cursor, SORTS)
    except ValidationFailed:
        return
    assert sort.field in SORTS


@pytest.mark.parametrize("given", ["name", "-name"])
def test_sort_is_formatted_as_parsed(given: str) -> None:
    sort = SortOrder.parse(given, SORTS)
    assert (sort.field, sort.kind, sort.descending) == ("name", SortKind.TEXT, given == "-name")
    assert str(sort) == given


@pytest.mark.parametrize("given", ["", "-", "price", "+name", "--name", "NAME", "name ", "name,id", "name desc"])
def test_unknown_sort_field_is_refused(given: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        SortOrder.parse(given, SORTS)
    [found] = error.value.errors
    assert found.field == "sort"
    assert all(field in found.message for field in SORTS)


def test_offset_of_a_page() -> None:
    sort = SortOrder("id", SortKind.INTEGER, descending=False)
    assert [PageRequest(sort, 20, page).offset for page in (1, 2, 11)] == [0, 20, 200]
    assert PageRequest(sort, 20, None, after=(1, 1)).offset == 0


def test_time_in_a_cursor_has_milliseconds() -> None:
    sort = SortOrder("created_at", SortKind.TIME, descending=True)
    moment = datetime(2026, 11, 22, 12, 0, 0, 1000, tzinfo=UTC)
    cursors = {encode_cursor(sort, Row(1, created_at=moment + timedelta(milliseconds=n))) for n in range(3)}
    assert len(cursors) == 3
    assert decode_cursor(encode_cursor(sort, Row(1, created_at=moment)), SORTS)[1] == (moment, 1)
