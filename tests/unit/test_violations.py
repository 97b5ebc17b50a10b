"""The look-up of violated constraints: which fields an error names, and in how many queries it is found."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pytest
from typing_extensions import override

from backends.mongo.violations import MongoConstraintReader
from backends.sql.violations import SqlConstraintReader
from core.entities import ORDER, PRODUCT, USER, EntityType
from core.errors import Duplicate, TransientConflict, UnknownReference
from core.storage.violations import ConstraintReader, Values, Write, diagnose, find_violation

ADA = {"id": 1, "username_key": "ada", "email_key": "ada@example.com"}
PEN = {"slug": "pen", "sku": "PEN", "name": "Pen", "category_id": 1}


class StoredRows(ConstraintReader):
    """Rows of one entity, and the ids that exist of any other; counts the queries."""

    def __init__(self, rows: Iterable[Values] = (), ids: Collection[int] = ()) -> None:
        self.rows, self.ids, self.queries = list(rows), ids, 0

    @override
    async def existing_ids(self, plural: str, ids: Collection[int]) -> Collection[int]:
        self.queries += 1
        return [key for key in ids if key in self.ids]

    @override
    async def matching_any(
        self, entity_type: EntityType[Any], wanted: Mapping[str, Collection[Any]]
    ) -> Iterable[Values]:
        self.queries += 1
        return [row for row in self.rows if any(row[name] in values for name, values in wanted.items())]


async def duplicate_fields(write: Write, reader: ConstraintReader) -> tuple[str, ...]:
    found = await find_violation(write, reader)
    assert isinstance(found, Duplicate)
    return found.fields


async def test_every_taken_field_is_named_in_one_query() -> None:
    reader = StoredRows([ADA])
    taken = Write(USER, [{"username_key": "ada", "email_key": "ada@example.com"}])
    assert await duplicate_fields(taken, reader) == ("username", "email")
    assert reader.queries == 1


async def test_new_rows_without_ids_collide_with_each_other() -> None:
    bob = {"username_key": "bob", "email_key": "bob@example.com"}
    assert await duplicate_fields(Write(USER, [bob, bob]), StoredRows()) == ("1.username", "1.email")


async def test_change_does_not_collide_with_itself() -> None:
    assert await find_violation(Write(USER, [ADA]), StoredRows([ADA])) is None


async def test_unknown_reference_comes_before_duplicate() -> None:
    reader = StoredRows([PEN | {"id": 1}])
    found = await find_violation(Write(PRODUCT, [PEN]), reader)
    assert isinstance(found, UnknownReference)
    assert [error.field for error in found.errors] == ["category_id"]


async def test_null_equals_nothing() -> None:
    stored = PEN | {"id": 1, "category_id": None}
    same_name = PEN | {"slug": "other", "sku": "OTHER", "category_id": None}
    assert await find_violation(Write(PRODUCT, [same_name]), StoredRows([stored])) is None


async def test_bulk_errors_have_positions() -> None:
    free = {"username_key": "eve", "email_key": "eve@example.com"}
    taken = {"username_key": "ada", "email_key": "new@example.com"}
    assert await duplicate_fields(Write(USER, [free, taken]), StoredRows([ADA])) == ("1.username",)


async def test_rows_of_one_write_collide() -> None:
    rows = [ADA, ADA | {"id": 2}]
    assert await duplicate_fields(Write(USER, rows), StoredRows()) == ("1.username", "1.email")


async def test_generated_value_is_a_transient_conflict() -> None:
    stored = {"id": 1, "order_number": "ORD-1"}
    write = Write(ORDER, [{"order_number": "ORD-1", "user_id": 7}])
    assert isinstance(await find_violation(write, StoredRows([stored], ids=[7])), TransientConflict)


async def test_nothing_in_the_way_is_a_transient_conflict() -> None:
    assert isinstance(await diagnose([Write(USER, [ADA])], StoredRows()), TransientConflict)


class CountingStore:
    """A database in which nothing is found; counts the queries."""

    def __init__(self) -> None:
        self.queries = 0

    async def rows(self, query: Any, params: Any = None) -> list[Any]:
        """A query of SQL."""
        self.queries += 1
        return []

    def collection(self, name: str) -> "CountingStore":
        """Any collection of MongoDB."""
        return self

    async def find(self, filter: Any, projection: Any) -> list[Any]:
        """A query of MongoDB."""
        self.queries += 1
        return []


@pytest.mark.parametrize("reader", [SqlConstraintReader, MongoConstraintReader])
async def test_unique_keys_are_read_in_one_query(reader: Any) -> None:
    """One that changes between two queries would be seen in two states."""
    store = CountingStore()
    wanted = {"slug": ["pen"], "sku": ["PEN"], "name": ["Pen"]}
    assert [*await reader(store).matching_any(PRODUCT, wanted)] == []
    assert store.queries == 1
