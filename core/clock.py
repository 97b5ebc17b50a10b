"""The only source of time: every stored timestamp comes from here, never from a database."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current UTC time cut to whole milliseconds, the finest unit every database keeps exactly."""
    return truncate(datetime.now(UTC))


def truncate(moment: datetime) -> datetime:
    """``moment`` in UTC with everything below a millisecond cut off."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_json(moment: datetime) -> str:
    """``2026-11-22T12:00:00.123Z``: RFC 3339, UTC, always three decimals."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
