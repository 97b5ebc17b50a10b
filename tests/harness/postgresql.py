"""PostgreSQL, from Debian's packages or any other that brings ``initdb`` along."""

import os
import shutil
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path
from signal import SIGINT, SIGQUIT
from urllib.parse import unquote, urlsplit

import asyncpg  # type: ignore[import-untyped]

from conformance.processes.process import run_command
from tests.harness.kind import Absent, Rewind, Served, named, within

# Each table, with the tables that refer to it.
_TABLES = """
    SELECT relid::regclass::text, array(
        SELECT conrelid::regclass::text FROM pg_constraint
        WHERE contype = 'f' AND confrelid = relid AND conrelid <> relid
    ) FROM pg_stat_user_tables
"""
_SEQUENCES = "SELECT relid::regclass::text FROM pg_statio_user_sequences"

# What throw-away data does not need, and what brings forgotten assumptions to light: a session time zone that is not
# UTC. The database's collation, chosen in ``prepare``, is linguistic for the same reason.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10s",
    "max_connections": "300",
    "listen_addresses": "127.0.0.1",
    "timezone": "Asia/Kathmandu",
}


class PostgreSQL(Served):
    """It refuses to run as root, so there it runs as ``postgres``."""

    name = "postgresql"
    user = "postgres"
    goodbye = SIGQUIT  # at once, but giving back its shared memory
    farewell = SIGINT

    def find(self) -> Path:
        """The newest under ``/usr/lib/postgresql``, or the one on the PATH."""
        debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        on_path = [Path(entry) for entry in os.get_exec_path()]
        for folder in [*reversed(debian), *on_path]:
            if all(shutil.which(program, path=str(folder)) for program in ("postgres", "initdb")):
                return folder / "postgres"
        raise Absent("no postgres and initdb in /usr/lib/postgresql/*/bin or on the PATH")

    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        """A data folder whose superuser logs in with a password."""
        password = folder / "password"
        password.write_text("stockroom")
        password.chmod(0o644)
        initdb: list[str | Path] = [
            program.with_name("initdb"),
            "--pgdata",
            folder / "data",
            "--no-sync",
            "--username=stockroom",
        ]
        login = ["--auth=scram-sha-256", f"--pwfile={password}"]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]
        await run_command([*initdb, *login, *locale], folder, user=user)

    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """With its socket in the same folder."""
        own = {"port": str(port), "unix_socket_directories": str(folder), "shared_buffers": f"{self.cache}MB"}
        settings = _SETTINGS | own
        return [program, "-D", folder / "data", *(f"--{name}={value}" for name, value in settings.items())]

    def url(self, port: int) -> str:
        """With the maintenance database."""
        return f"postgresql://stockroom:stockroom@127.0.0.1:{port}/postgres"

    async def answers(self, url: str) -> None:
        """Ask for its version."""
        await self._execute(url, "SELECT version()")

    async def create(self, address: str, name: str) -> str:
        """Create a database from the untouched template."""
        await self._execute(address, f'CREATE DATABASE "{name}" TEMPLATE template0')
        return within(address, name)

    async def drop(self, url: str) -> None:
        """Drop the database, together with forgotten connections."""
        await self._execute(within(url, "postgres"), f'DROP DATABASE IF EXISTS "{named(url)}" WITH (FORCE)')

    async def mark(self, url: str) -> Rewind:
        """Delete the rows of the tables that are empty now, referring tables first, and restart every sequence.

        Measured on the shop's tables, the connection included: 15 ms; TRUNCATE takes 48, a clone of a template 47.
        """
        connection = await _connect(url)
        try:
            tables = _referring_first(await connection.fetch(_TABLES))
            sequences = [row[0] for row in await connection.fetch(_SEQUENCES)]
            empty = [table for table in tables if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})")]
        finally:
            await connection.close()
        deletions = [f"DELETE FROM {table}" for table in empty]
        restarts = [f"SELECT setval('{sequence}', 1, false)" for sequence in sequences]
        statements = "; ".join(["SET lock_timeout = '10s'", *deletions, *restarts])
        return lambda: self._execute(url, statements)

    async def _execute(self, url: str, statements: str) -> None:
        connection = await _connect(url)
        try:
            await connection.execute(statements)
        finally:
            await connection.close()


def _referring_first(tables: Iterable[tuple[str, list[str]]]) -> list[str]:
    return list(TopologicalSorter(dict(tables)).static_order())


async def _connect(url: str) -> asyncpg.Connection:
    parts = urlsplit(url)
    return await asyncpg.connect(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=named(url),
    )
