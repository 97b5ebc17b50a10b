"""PostgreSQL, from Debian's packages or another installation with ``initdb``."""

import os
import shutil
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path
from signal import SIGINT, SIGQUIT
from urllib.parse import unquote, urlsplit

import asyncpg  # type: ignore[import-untyped]
from typing_extensions import override

from conformance.processes.process import run_command
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
    database_url,
)

# Each table, with the tables that have foreign keys to it.
_TABLES = """
    SELECT relid::regclass::text, array(
        SELECT conrelid::regclass::text FROM pg_constraint
        WHERE contype = 'f' AND confrelid = relid AND conrelid <> relid
    ) FROM pg_stat_user_tables
"""
_SEQUENCES = "SELECT relid::regclass::text FROM pg_statio_user_sequences"

# What the documentation says that an account needs; CREATEDB is for the scratch databases of `stockroom compare`.
_CREATE = "DO $$ BEGIN CREATE ROLE {}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
_OWNER = _CREATE.format(f"{OWNER} LOGIN CREATEDB PASSWORD '{PASSWORD}'")
_CLIENT = _CREATE.format(f"{CLIENT} LOGIN PASSWORD '{PASSWORD}'")
_GRANTS = (
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {CLIENT};"
    f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {CLIENT}"
)

# Without durability; and with a session time zone other than UTC, to detect code that assumes UTC. The database's
# collation, chosen in ``prepare``, is linguistic for the same reason.
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


class PostgreSQL(ServerKind):
    """Runs as ``postgres`` where this process is root, because it refuses to run as root."""

    name = "postgresql"
    user = "postgres"
    kill_signal = SIGQUIT  # at once, but releases its shared memory
    graceful_signal = SIGINT

    @override
    def find_program(self) -> Path:
        """The newest under ``/usr/lib/postgresql``, or the one on the PATH."""
        debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        on_path = [Path(entry) for entry in os.get_exec_path()]
        for folder in [*reversed(debian), *on_path]:
            if all(shutil.which(program, path=str(folder)) for program in ("postgres", "initdb")):
                return folder / "postgres"
        raise Absent("no postgres and initdb in /usr/lib/postgresql/*/bin or on the PATH")

    @override
    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        """Initializes a data folder whose superuser has a password."""
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        initdb: list[str | Path] = [
            program.with_name("initdb"),
            "--pgdata",
            folder / "data",
            "--no-sync",
            f"--username={ADMINISTRATOR}",
        ]
        login = ["--auth=scram-sha-256", f"--pwfile={password}"]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]
        await run_command([*initdb, *login, *locale], folder, user=user)

    @override
    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """With its socket in the data's folder."""
        own = {"port": str(port), "unix_socket_directories": str(folder), "shared_buffers": f"{self.cache_mib}MB"}
        settings = _SETTINGS | own
        return [program, "-D", folder / "data", *(f"--{name}={value}" for name, value in settings.items())]

    @override
    def url(self, port: int) -> str:
        """Of the maintenance database."""
        return f"postgresql://{ADMINISTRATOR}:{PASSWORD}@127.0.0.1:{port}/postgres"

    @override
    async def ping(self, url: str) -> None:
        await self._execute(url, "SELECT version()")

    @override
    async def create(self, address: str, name: str) -> str:
        """From the pristine template."""
        await self._execute(address, _OWNER)
        await self._execute(address, f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE template0')
        return account_url(address, name, OWNER)

    @override
    async def add_client(self, url: str) -> str:
        await self._execute(self.as_administrator(url), f"{_CLIENT}; {_GRANTS}")
        return account_url(url, database_name(url), CLIENT)

    @override
    async def drop(self, url: str) -> None:
        """Ends connections that were left open."""
        await self._execute(
            database_url(self.as_administrator(url), "postgres"),
            f'DROP DATABASE IF EXISTS "{database_name(url)}" WITH (FORCE)',
        )

    @override
    async def take_snapshot(self, url: str) -> Restore:
        """Restores by deleting the rows of tables that were empty, referring ones first, and resetting every sequence.

        Measured on the shop's tables, the connection included: 15 ms; TRUNCATE takes 48, a clone of a template 47.
        """
        connection = await _connect(url)
        try:
            tables = _order_referring_first(await connection.fetch(_TABLES))
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


def _order_referring_first(tables: Iterable[tuple[str, list[str]]]) -> list[str]:
    return list(TopologicalSorter(dict(tables)).static_order())


async def _connect(url: str) -> asyncpg.Connection:
    parts = urlsplit(url)
    return await asyncpg.connect(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=database_name(url),
    )
