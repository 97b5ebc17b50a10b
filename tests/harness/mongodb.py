"""MongoDB: a replica set of one, which is the least that has transactions."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from tests.harness.kind import Absent, Rewind, Served, named, within

_SET = "stockroom"
_ALREADY_INITIALIZED = 23
# Where a package from PyPI that carries the server puts it.
_PACKAGED = Path("fiftyone", "db", "bin", "mongod")


class MongoDB(Served):
    """The server of MongoDB, Inc."""

    name = "mongodb"
    cache = 256

    def find(self) -> Path:
        """``STOCKROOM_MONGOD``, or ``mongod`` on the PATH, or in a Python package."""
        if chosen := os.environ.get("STOCKROOM_MONGOD"):
            return Path(chosen)
        if found := shutil.which("mongod"):
            return Path(found)
        for entry in sys.path:
            if os.access(Path(entry, _PACKAGED), os.X_OK):
                return Path(entry, _PACKAGED)
        raise Absent("no mongod on the PATH or in a Python package, no STOCKROOM_MONGOD")

    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        """An empty data folder."""
        (folder / "data").mkdir()

    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """Small, without statistics of its own, and with its socket nowhere."""
        size = [f"--wiredTigerCacheSizeGB={self.cache / 1024}", "--oplogSize=128", "--maxConns=3000"]
        quiet = ["--nounixsocket", "--setParameter=diagnosticDataCollectionEnabled=false"]
        place = [f"--dbpath={folder / 'data'}", "--bind_ip=127.0.0.1", f"--port={port}", f"--replSet={_SET}"]
        return [program, *place, *size, *quiet]

    def url(self, port: int) -> str:
        """Of the replica set."""
        return f"mongodb://127.0.0.1:{port}/?replicaSet={_SET}"

    async def welcome(self, port: int) -> None:
        """Make it a replica set, and return once it is the primary."""
        async with _client(f"mongodb://127.0.0.1:{port}/?directConnection=true") as client:
            # An acknowledged write has been seen by the majority, but need not be on disk: throw-away data.
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            config = {"_id": _SET, "members": members, "writeConcernMajorityJournalDefault": False}
            try:
                await client.admin.command("replSetInitiate", config)
            except OperationFailure as error:
                if error.code != _ALREADY_INITIALIZED:
                    raise
        await self.answers(self.url(port))

    async def answers(self, url: str) -> None:
        """Find the primary."""
        async with _client(url) as client:
            await client.admin.command("ping")

    async def create(self, address: str, name: str) -> str:
        """The URL alone: the database comes into being with its first collection."""
        return within(address, name)

    async def drop(self, url: str) -> None:
        """Drop the database."""
        async with _client(url) as client:
            await client.drop_database(named(url))

    async def mark(self, url: str) -> Rewind:
        """Keep the few documents there are, such as the record of migrations; restore them into emptied collections."""
        async with _client(url) as client:
            database = client[named(url)]
            names = [name for name in await database.list_collection_names() if not name.startswith("system.")]
            kept = {name: await database[name].find().to_list() for name in names}

        async def rewind() -> None:
            async with _client(url) as client:
                database = client[named(url)]
                await asyncio.gather(*(database[name].delete_many({}) for name in kept))
                for name in filter(kept.get, kept):
                    await database[name].insert_many(kept[name])

        return rewind


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, serverSelectionTimeoutMS=3000)
    try:
        yield client
    finally:
        await client.close()
