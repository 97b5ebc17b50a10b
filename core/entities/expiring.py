"""Values that are kept under a key until they expire: sessions, stored responses, counters of failed attempts."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from core.entities.entity_type import EntityType, OnDelete, Reference
from core.entities.fields import Id, Text, Time

MAX_VALUE = 4 * 1024 * 1024
"""Longest value, in bytes of UTF-8."""


class EntryKind(StrEnum):
    """What an entry is for.

    Attributes:
        SESSION: a log-in; the value is the hash of the next refresh token's secret.
        IDEMPOTENT_RESPONSE: the response to a request with an ``Idempotency-Key``.
        ATTEMPT_COUNTER: how often something has failed.
    """

    SESSION = "session"
    IDEMPOTENT_RESPONSE = "answer"
    ATTEMPT_COUNTER = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringEntry:
    """A value that storage keeps until it expires.

    Attributes:
        key: unique among entries of every kind; 64 lower-case hexadecimal digits, so that no secret is one.
        kind: what it is for.
        user_id: the user with whom it is deleted, if any.
        value: any Unicode but NUL and lone surrogates, up to ``MAX_VALUE``; opaque to storage.
        expires_at: from this time on it counts as absent.
    """

    key: Annotated[str, Text(64, 64)]
    kind: EntryKind
    user_id: Id | None = None
    value: Annotated[str, Text(0, MAX_VALUE)] = field(repr=False)
    expires_at: Time


EXPIRING_ENTRY = EntityType(
    entity=ExpiringEntry,
    name="entry",
    plural="tickets",
    references=[Reference("user_id", "users", OnDelete.CASCADE)],
    key="key",
)
