"""Why something was refused is asked in one query: of a user who is just changing name and address, what is told is one
state, not the name of before and the address of after."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine

from backends.mongo.violations import UniqueKey, WriteConstraints
from backends.sql.probe import Probe, Unique
from core.errors import Duplicate

BEFORE = {"id": 1, "username": "ada", "email": "a@example.com"}
AFTER = {"id": 1, "username": "eve", "email": "new@example.com"}
WRITTEN = {"username": "ada", "email": "new@example.com"}

PEOPLE = Table("people", MetaData(), Column("id", Integer), Column("username", String), Column("email", String))


class Restless:
    """A store of one user, who changes as soon as somebody has looked."""

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

    def collection(self, _name: str) -> "Restless":
        """The one there is."""
        return self

    async def find(self, filter: dict[str, Any], _projection: Any) -> list[dict[str, Any]]:
        """What a filter finds in MongoDB."""
        ways = filter.get("$or", [filter])
        found = [self.user] if any(self.user[key] in way[key]["$in"] for way in ways for key in way) else []
        self.user = AFTER
        return [{"_id": user["id"], **user} for user in found]


async def test_one_state_of_a_row_is_in_the_way() -> None:
    probe = Probe(PEOPLE, (Unique("username", ("username",)), Unique("email", ("email",))))
    found = await probe.explain(Restless(), [WRITTEN])
    assert isinstance(found, Duplicate)
    assert found.fields == ("username",)


async def test_one_state_of_a_document_is_in_the_way() -> None:
    uniques = UniqueKey("username", ("username",)), UniqueKey("email", ("email",))
    constraints = WriteConstraints("people", {}, uniques, [{"_id": 2, **WRITTEN}])
    assert await constraints.find_duplicates(Restless()) == ["username"]  # type: ignore[arg-type]
