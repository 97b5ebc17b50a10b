"""Changes the collections, validators and indexes of a database, as the steps of the migrations say."""

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from backends.mongo.collection import Collection
from backends.mongo.documents import DOCUMENTS
from backends.mongo.driver import MAJORITY, PyMongoError
from backends.mongo.errors import translate_outside_units
from backends.mongo.indexes import describe_indexes, index_name
from backends.mongo.validators import derive_validator
from migrations.mongo import Rule, Schema

Description = Mapping[str, tuple[Rule | None, Mapping[str, Rule]]]
"""By collection: its ``$jsonSchema`` (None where a database has no validators), and its indexes by name."""


class SchemaEditor(Schema):
    """A database's schema. Every change may be repeated, so that a migration that was interrupted can run again."""

    def __init__(self, database: Any) -> None:
        self._database = database

    @classmethod
    def with_majority(cls, database: Any) -> "SchemaEditor":
        """An editor whose changes are acknowledged by a majority of the servers."""
        return cls(database.with_options(write_concern=MAJORITY))

    @override
    def collection(self, name: str) -> Collection:
        return Collection(self._database[name])

    async def drop_database(self) -> None:
        """Remove the database with all its data."""
        try:
            await self._database.client.drop_database(self._database.name)
        except PyMongoError as error:
            raise translate_outside_units(error) from error

    @override
    async def create(self, name: str, rule: Rule) -> None:
        try:
            if name not in await self._database.list_collection_names():
                await self._database.create_collection(name)
            await self.require(name, rule)
        except PyMongoError as error:
            raise translate_outside_units(error) from error

    @override
    async def require(self, name: str, rule: Rule) -> None:
        try:
            await self._database.command({"collMod": name, "validator": {"$jsonSchema": rule}})
        except PyMongoError as error:
            raise translate_outside_units(error) from error

    @override
    async def index(self, name: str, keys: Sequence[str], *, unique: bool = False, present: str | None = None) -> None:
        options: dict[str, Any] = {"unique": True} if unique else {}
        if present:
            options["partialFilterExpression"] = {present: {"$type": "number"}}
        title = index_name("unique", *keys) if unique else index_name(*keys)
        try:
            await self._database[name].create_index([(key, 1) for key in keys], name=title, **options)
        except PyMongoError as error:
            raise translate_outside_units(error) from error

    @override
    async def unindex(self, name: str, keys: Sequence[str]) -> None:
        collection, title = self._database[name], index_name(*keys)
        try:
            if title in await collection.index_information():
                await collection.drop_index(title)
        except PyMongoError as error:
            raise translate_outside_units(error) from error

    @override
    async def drop(self, name: str) -> None:
        try:
            await self._database.drop_collection(name)
        except PyMongoError as error:
            raise translate_outside_units(error) from error

    async def describe(self) -> Description:
        """The collections that exist, with their validators and indexes."""
        found = {}
        for name in await self._database.list_collection_names():
            information = await self._database[name].index_information()
            indexes = {
                title: {key: dict(value) if key == "key" else value for key, value in options.items() if key != "v"}
                for title, options in information.items()
                if title != "_id_"
            }
            found[name] = (await self._read_rule(name), indexes)
        return found

    async def _read_rule(self, name: str) -> Rule | None:
        options = await self._database[name].options()
        rule: Rule = options.get("validator", {}).get("$jsonSchema", {})
        return rule


def detect_drift(found: Description) -> list[str]:
    """The differences between a database and the declared documents and indexes, one sentence each, sorted."""
    differences = []
    for document in DOCUMENTS:
        name: str = document.Settings.name
        if name not in found:
            differences.append(f"{name}: missing")
            continue
        rule, listed = found[name]
        if rule is not None and rule != derive_validator(document):
            differences.append(f"{name}: its validator differs")
        declared = describe_indexes(name)
        differences += [f"{name}: index {key} is missing" for key in declared.keys() - listed.keys()]
        differences += [f"{name}: index {key} is unknown" for key in listed.keys() - declared.keys()]
        both = declared.keys() & listed.keys()
        differences += [f"{name}: index {key} differs" for key in both if declared[key] != listed[key]]
    return sorted(differences)
