"""Collections, validators and indexes of a database, as migrations change them. See ``migrations.mongo.Schema``."""

from collections.abc import Mapping, Sequence
from typing import Any

from backends.mongo.collection import Collection
from backends.mongo.driver import MAJORITY, PyMongoError
from backends.mongo.errors import translate

Rule = Mapping[str, Any]


class Definition:
    """A database's schema. Every change may be repeated, so that a migration that broke off can run again."""

    def __init__(self, database: Any) -> None:
        self._database = database

    def collection(self, name: str) -> Collection:
        """A collection, for moving data."""
        return Collection(self._database[name])

    async def drop_database(self) -> None:
        """Remove the database with all that is in it."""
        try:
            await self._database.client.drop_database(self._database.name)
        except PyMongoError as error:
            raise translate(error) from error

    async def create(self, name: str, rule: Rule) -> None:
        """Create a collection of documents that obey ``rule``, a ``$jsonSchema``."""
        try:
            if name not in await self._database.list_collection_names():
                await self._database.create_collection(name)
            await self.require(name, rule)
        except PyMongoError as error:
            raise translate(error) from error

    async def require(self, name: str, rule: Rule) -> None:
        """Require documents to obey another rule from now on."""
        try:
            await self._database.command({"collMod": name, "validator": {"$jsonSchema": rule}})
        except PyMongoError as error:
            raise translate(error) from error

    async def index(self, name: str, keys: Sequence[str], *, unique: bool = False, present: str | None = None) -> None:
        """Create an ascending index; over documents alone in which ``present`` is a number, where that is given."""
        options: dict[str, Any] = {"unique": True} if unique else {}
        if present:
            options["partialFilterExpression"] = {present: {"$type": "number"}}
        title = _title("unique", *keys) if unique else _title(*keys)
        try:
            await self._database[name].create_index([(key, 1) for key in keys], name=title, **options)
        except PyMongoError as error:
            raise translate(error) from error

    async def unindex(self, name: str, keys: Sequence[str]) -> None:
        """Remove an index that is not unique, if it is there."""
        collection, title = self._database[name], _title(*keys)
        try:
            if title in await collection.index_information():
                await collection.drop_index(title)
        except PyMongoError as error:
            raise translate(error) from error

    async def drop(self, name: str) -> None:
        """Remove a collection with all that is in it."""
        try:
            await self._database.drop_collection(name)
        except PyMongoError as error:
            raise translate(error) from error

    async def describe(self) -> dict[str, tuple[dict[str, Any] | None, dict[str, dict[str, Any]]]]:
        """What there is: by collection its rule, None where rules cannot be kept, and its indexes by name."""
        found = {}
        for name in await self._database.list_collection_names():
            listed = await self._database[name].index_information()
            indexes = {
                title: {key: dict(value) if key == "key" else value for key, value in options.items() if key != "v"}
                for title, options in listed.items()
                if title != "_id_"
            }
            found[name] = (await self._rule(name), indexes)
        return found

    async def _rule(self, name: str) -> dict[str, Any] | None:
        options = await self._database[name].options()
        rule: dict[str, Any] = options.get("validator", {}).get("$jsonSchema", {})
        return rule


def _title(*words: str) -> str:
    return "_".join(words).replace(".", "_")


def defined(database: Any) -> Definition:
    """The schema of a server's database; every change acknowledged by a majority."""
    return Definition(database.with_options(write_concern=MAJORITY))
