"""MongoDB: a replica set of one member, which is the minimum for transactions."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from typing_extensions import override

from tests.harness.kind import (
    ADMINISTRATOR,
    CLIENT,
    OWNER,
    PASSWORD,
    Absent,
    Restore,
    ServerKind,
    account_url,
    database_name,
)

_SET = "stockroom"
_UNAUTHORIZED, _ALREADY_INITIALIZED = 13, 23
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
        (folder / "key").write_text("stockroom")
        (folder / "key").chmod(0o600)

    @override
    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """With accounts, which a replica set has only where its members know each other by a key."""
        cheap = "--setParameter=scramSHA256IterationCount=5000"  # the fewest that are allowed
        return [*self.open_command(program, folder, port), "--auth", f"--keyFile={folder / 'key'}", cheap]

    def open_command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """Starts a server without accounts, with a small cache, and without diagnostic data or a Unix socket."""
        size = [f"--wiredTigerCacheSizeGB={self.cache_mib / 1024}", "--oplogSize=128", "--maxConns=3000"]
        quiet = ["--nounixsocket", "--setParameter=diagnosticDataCollectionEnabled=false"]
        basic = [f"--dbpath={folder / 'data'}", "--bind_ip=127.0.0.1", f"--port={port}", f"--replSet={_SET}"]
        return [program, *basic, *size, *quiet]

    @override
    def url(self, port: int) -> str:
        return f"mongodb://{ADMINISTRATOR}:{PASSWORD}@127.0.0.1:{port}/?replicaSet={_SET}"

    @override
    def as_administrator(self, url: str) -> str:
        """As for all servers; the administrator's account is in the database ``admin``."""
        parts = urlsplit(super().as_administrator(url))
        has_source = "@" not in parts.netloc or "authSource" in parts.query
        return (parts if has_source else parts._replace(query=f"{parts.query}&authSource=admin".lstrip("&"))).geturl()

    @override
    async def initialize(self, port: int) -> None:
        """Initiate the replica set, and create the administrator once it has a primary."""
        async with _client(f"mongodb://127.0.0.1:{port}/?directConnection=true") as client:
            # Acknowledged writes need not be on disk, for the data is thrown away.
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            config = {"_id": _SET, "members": members, "writeConcernMajorityJournalDefault": False}
            try:
                await client.admin.command("replSetInitiate", config)
            except OperationFailure as error:
                if error.code not in (_ALREADY_INITIALIZED, _UNAUTHORIZED):
                    raise
            try:
                await client.admin.command("createUser", ADMINISTRATOR, pwd=PASSWORD, roles=["root"])
            except OperationFailure as error:
                if error.code != _UNAUTHORIZED:  # the server lets in a client without account until there is one
                    raise
        await self.ping(self.url(port))

    @override
    async def ping(self, url: str) -> None:
        async with _client(url) as client:
            await client.admin.command("ping")

    @override
    async def create(self, address: str, name: str) -> str:
        """Creates its account; the database itself is created with its first collection."""
        return await _create_user(address, name, OWNER, "readWrite", "dbAdmin")

    @override
    async def add_client(self, url: str) -> str:
        return await _create_user(self.as_administrator(url), database_name(url), CLIENT, "readWrite")

    @override
    async def drop(self, url: str) -> None:
        async with _client(self.as_administrator(url)) as client:
            await client[database_name(url)].command("dropAllUsersFromDatabase")
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


async def _create_user(address: str, database: str, account: str, *roles: str) -> str:
    """Create an account in a database; returns its URL."""
    granted = [{"role": role, "db": database} for role in roles]
    mechanisms = ["SCRAM-SHA-256"]
    async with _client(address) as client:
        await client[database].command("createUser", account, pwd=PASSWORD, roles=granted, mechanisms=mechanisms)
    return account_url(address, database, account).replace("&authSource=admin", "")


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, serverSelectionTimeoutMS=3000)
    try:
        yield client
    finally:
        await client.close()
