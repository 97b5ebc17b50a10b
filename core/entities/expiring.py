"""Tickets: what is kept for a while under a key, such as a session, a stored answer, a count of attempts."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EntryKind(StrEnum):
    """What an entry is for.

    Attributes:
        SESSION: somebody has logged in; the value holds what its next refresh token must be.
        IDEMPOTENT_RESPONSE: what a request with an ``Idempotency-Key`` was answered.
        ATTEMPT_COUNTER: how often something was tried.
    """

    SESSION = "session"
    IDEMPOTENT_RESPONSE = "answer"
    ATTEMPT_COUNTER = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringEntry:
    """A value that storage keeps until it expires.

    Attributes:
        key: unique among tickets of every kind; 64 lower-case hexadecimal digits, so that no secret is one.
        kind: what it is for.
        user_id: the user whose it is, and with whom it is deleted.
        value: text of the owner's choosing, of any Unicode but NUL and lone surrogates, up to 4 MiB in UTF-8; storage
            does not look into it.
        expires_at: from this time on it counts as absent.
    """

    key: str
    kind: EntryKind
    user_id: int | None = None
    value: str = field(repr=False)
    expires_at: datetime
