"""Counters that ids come from."""

from backends.mongo.documents.fields import Stored


class CounterDocument(Stored):
    """The last id reserved for a collection, whose name is the counter's id."""

    id: str  # type: ignore[assignment]
    last: int

    class Settings:
        """See Beanie."""

        name = "counters"
