"""MongoDB: a replica set of one member, which is the minimum for transactions."""

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
from typing_extensions import override

from tests.harness.kind import Absent, Restore, ServerKind, database_name, database_url

_SET = "stockroom"
_ALREADY_INITIALIZED = 23
# Where a package from PyPI that contains the server installs it.
_PACKAGED = Path("fiftyone", "db", "bin", "mongod")


class MongoDB(ServerKind):
    """The server of MongoDB, Inc."""

    name = "mongodb"
    cache_mib = 256

    @override
    def find_program(self) -> Path:
        """``STOCKROOM_MONGOD``, or ``mongod`` on the PATH, or in a Python package."""
        if chosen := os.environ.get("STOCKROOM_MONGOD"):
            return Path(chosen)
        if found := shutil.which("mongod"):
            return Path(found)
        for entry in sys.path:
            if os.access(Path(entry, _PACKAGED), os.X_OK):
                return Path(entry, _PACKAGED)
        raise Absent("no mongod on the PATH or in a Python package, no STOCKROOM_MONGOD")

    @override
    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        (folder / "data").mkdir()

    @override
    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """With a small cache, and without diagnostic data or a Unix socket."""
        size = [f"--wiredTigerCacheSizeGB={self.cache_mib / 1024}", "--oplogSize=128", "--maxConns=3000"]
        quiet = ["--nounixsocket", "--setParameter=diagnosticDataCollectionEnabled=false"]
        basic = [f"--dbpath={folder / 'data'}", "--bind_ip=127.0.0.1", f"--port={port}", f"--replSet={_SET}"]
        return [program, *basic, *size, *quiet]

    @override
    def url(self, port: int) -> str:
        return f"mongodb://127.0.0.1:{port}/?replicaSet={_SET}"

    @override
    async def initialize(self, port: int) -> None:
        """Initiate the replica set, and return once it has a primary."""
        async with _client(f"mongodb://127.0.0.1:{port}/?directConnection=true") as client:
            # Acknowledged writes need not be on disk, for the data is thrown away.
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            config = {"_id": _SET, "members": members, "writeConcernMajorityJournalDefault": False}
            try:
                await client.admin.command("replSetInitiate", config)
            except OperationFailure as error:
                if error.code != _ALREADY_INITIALIZED:
                    raise
        await self.ping(self.url(port))

    @override
    async def ping(self, url: str) -> None:
        async with _client(url) as client:
            await client.admin.command("ping")

    @override
    async def create(self, address: str, name: str) -> str:
        """Only builds the URL: the database is created with its first collection."""
        return database_url(address, name)

    @override
    async def drop(self, url: str) -> None:
        async with _client(url) as client:
            await client.drop_database(database_name(url))

    @override
    async def take_snapshot(self, url: str) -> Restore:
        """Copies the few documents there are, such as the migration record; restores them into emptied collections."""
        async with _client(url) as client:
            database = client[database_name(url)]
            names = [name for name in await database.list_collection_names() if not name.startswith("system.")]
            documents = {name: await database[name].find().to_list() for name in names}

        async def restore() -> None:
            async with _client(url) as client:
                database = client[database_name(url)]
                await asyncio.gather(*(database[name].delete_many({}) for name in documents))
                for name in filter(documents.get, documents):
                    await database[name].insert_many(documents[name])

        return restore


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, serverSelectionTimeoutMS=3000)
    try:
        yield client
    finally:
        await client.close()
