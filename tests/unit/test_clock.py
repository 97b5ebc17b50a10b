"""Times: UTC, whole milliseconds, one format."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock

ZONES = st.timezones() | st.builds(timezone, st.timedeltas(timedelta(hours=-14), timedelta(hours=14)))
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=ZONES)


def test_now_is_in_utc_in_whole_milliseconds() -> None:
    before = datetime.now(UTC)
    now = clock.now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert before - timedelta(milliseconds=1) < now <= datetime.now(UTC)


@given(MOMENTS)
def test_truncation_rounds_down_to_a_millisecond(moment: datetime) -> None:
    cut = clock.truncate(moment)
    assert timedelta(0) <= moment - cut < timedelta(milliseconds=1)
    assert cut.tzinfo is UTC
    assert clock.truncate(cut) == cut


@given(MOMENTS)
def test_json_is_rfc_3339_in_utc_with_three_decimals(moment: datetime) -> None:
    cut = clock.truncate(moment)
    text = clock.to_json(cut)
    assert len(text) == len("2026-11-22T12:00:00.123Z")
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == cut


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 22, 12, tzinfo=UTC), "2026-11-22T12:00:00.000Z"),
        (datetime(2026, 11, 22, 12, 0, 0, 123_999, tzinfo=UTC), "2026-11-22T12:00:00.123Z"),
        (datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))), "2025-12-31T18:45:00.000Z"),
    ],
)
def test_json_format(moment: datetime, text: str) -> None:
    assert clock.to_json(moment) == text
