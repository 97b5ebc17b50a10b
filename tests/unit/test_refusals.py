"""Violations are diagnosed in one query, so that a concurrent change cannot mix two states of a row."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine

from backends.mongo.claims import Claim
from backends.mongo.claims import Unique as Keys
from backends.sql.probe import Probe, Unique
from core.errors import Duplicate

BEFORE = {"id": 1, "username": "ada", "email": "a@example.com"}
AFTER = {"id": 1, "username": "eve", "email": "new@example.com"}
WRITTEN = {"username": "ada", "email": "new@example.com"}

PEOPLE = Table("people", MetaData(), Column("id", Integer), Column("username", String), Column("email", String))


class ChangingStore:
    """A store of one user, which changes after every query."""

    def __init__(self) -> None:
        self.engine = create_engine("sqlite://")
        self.user = BEFORE

    async def rows(self, query: Any) -> Sequence[Any]:
        """What a query finds in SQL."""
        with self.engine.connect() as connection:
            PEOPLE.create(connection)
            connection.execute(PEOPLE.insert(), self.user)
            found = connection.execute(query).all()
            connection.rollback()
        self.user = AFTER
        return found

    def collection(self, _name: str) -> "ChangingStore":
        """The only collection."""
        return self

    async def find(self, filter: dict[str, Any], _projection: Any) -> list[dict[str, Any]]:
        """What a filter finds in MongoDB."""
        ways = filter.get("$or", [filter])
        found = [self.user] if any(self.user[key] in way[key]["$in"] for way in ways for key in way) else []
        self.user = AFTER
        return [{"_id": user["id"], **user} for user in found]


async def test_sql_violation_is_diagnosed_on_one_state() -> None:
    probe = Probe(PEOPLE, (Unique("username", ("username",)), Unique("email", ("email",))))
    found = await probe.explain(ChangingStore(), [WRITTEN])
    assert isinstance(found, Duplicate)
    assert found.fields == ("username",)


async def test_mongo_violation_is_diagnosed_on_one_state() -> None:
    uniques = Keys("username", ("username",)), Keys("email", ("email",))
    claim = Claim("people", {}, uniques, [{"_id": 2, **WRITTEN}])
    assert await claim.taken(ChangingStore()) == ["username"]  # type: ignore[arg-type]
