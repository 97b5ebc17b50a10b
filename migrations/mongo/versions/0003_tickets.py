"""Create the collection of tickets: sessions, stored answers, counts of attempts."""

from migrations.mongo import Schema
from migrations.mongo.rules import INTEGER, OPTIONAL_INTEGER, TEXT, TIME, closed, one_of

TICKET = {
    "_id": TEXT,
    "kind": one_of("session", "answer", "count"),
    "user_id": OPTIONAL_INTEGER,
    "value": TEXT,
    "expires_at": TIME,
    "holds": INTEGER,
}


async def up(schema: Schema) -> None:
    """Create it with its rule and its indexes."""
    await schema.create("tickets", closed(TICKET, optional=("holds",)))
    await schema.index("tickets", ["user_id"])
    await schema.index("tickets", ["expires_at"])


async def down(schema: Schema) -> None:
    """Drop it: whoever is logged in has to do it again."""
    await schema.drop("tickets")
