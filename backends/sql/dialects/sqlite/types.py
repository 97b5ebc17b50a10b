"""SQLite's column types: a time is sortable ISO text."""

from datetime import datetime

from sqlalchemy import Integer, String

from backends.sql.dialects.dialect import ColumnTypes
from core import clock


def _to_text(value: datetime | None) -> str | None:
    return None if value is None else clock.to_json(value)


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


COLUMN_TYPES = ColumnTypes(
    primary_key=Integer(),  # the only type that counts up by itself, and 64 bits wide
    time=String(24),
    time_to_driver=_to_text,
    time_from_driver=_from_text,
)
