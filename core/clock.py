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
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    date = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    # Neither isoformat nor format is nearly as fast, and a page has two hundred of these.
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (*date, moment.microsecond // 1000)  # noqa: UP031
