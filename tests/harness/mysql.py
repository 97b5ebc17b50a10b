"""MySQL: the real one, not the server that Debian installs under its name."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import asyncmy

from conformance.processes.process import run_command
from tests.harness.kind import Absent, Rewind, Served, named, within

# Beside the project, in a checkout that shares its servers with others.
_SHARED = Path(__file__).resolve().parents[3] / "shared" / "servers" / "mysqld"

# The account the tests use, with a password, so that logging in is what it is in earnest. Run at every start.
_ACCOUNT = """\
CREATE USER IF NOT EXISTS stockroom IDENTIFIED BY 'stockroom';
GRANT ALL ON *.* TO stockroom WITH GRANT OPTION;
"""

_NEXT_IDS = "SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema = DATABASE()"

# What throw-away data does not need; and, to bring forgotten assumptions to light, a time zone that is not UTC.
_SETTINGS = [
    "--bind-address=127.0.0.1",
    "--max-connections=300",
    "--default-time-zone=+05:45",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-flush-method=nosync",
]


class MySQL(Served):
    """Oracle's server; ``MariaDB`` differs in how it is found and set up."""

    name = "mysql"
    patience = 120.0
    # What the other of the two does not know.
    up_to_date: ClassVar[Sequence[str]] = ("SET information_schema_stats_expiry = 0",)
    own_settings: ClassVar[Sequence[str]] = (
        "--mysqlx=OFF",
        "--secure-file-priv=NULL",
        "--innodb-redo-log-capacity=64M",
    )

    def find(self) -> Path:
        """``STOCKROOM_MYSQLD``, or ``mysqld`` on the PATH if it is MySQL's, or the one shared beside the project."""
        if chosen := os.environ.get("STOCKROOM_MYSQLD"):
            return Path(chosen)
        found = shutil.which("mysqld")
        if found and not _is_mariadb(found):
            return Path(found)
        if _SHARED.exists():
            return _SHARED
        raise Absent(f"{'mysqld on the PATH is MariaDB' if found else 'no mysqld on the PATH'}, no STOCKROOM_MYSQLD")

    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        """A data folder, and the statements that create our account."""
        self.write_account(folder)
        initialize = ["--initialize-insecure", f"--datadir={folder / 'data'}", *self.rights()]
        await run_command([program, *_without_defaults(program), *initialize], folder)

    def write_account(self, folder: Path) -> None:
        """The file that is run when the server starts."""
        (folder / "account.sql").write_text(_ACCOUNT)

    def rights(self) -> list[str]:
        """The consent to run as root, where we are root: the program may lie where nobody else can read."""
        return ["--user=root"] if os.geteuid() == 0 else []

    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """With its socket in the same folder."""
        places = [
            f"--datadir={folder / 'data'}",
            f"--socket={folder / 'socket'}",
            f"--init-file={folder / 'account.sql'}",
        ]
        own = [f"--port={port}", f"--innodb-buffer-pool-size={self.cache}M", *self.own_settings]
        settings = [*self.rights(), *places, *_SETTINGS, *own]
        return [program, *_without_defaults(program), *settings]

    def url(self, port: int) -> str:
        """Of the server alone: there is no database yet."""
        return f"{self.name}://stockroom:stockroom@127.0.0.1:{port}/"

    async def answers(self, url: str) -> None:
        """Ask for its version."""
        await _execute(url, "SELECT VERSION()")

    async def create(self, address: str, name: str) -> str:
        """Create a database; its collation stays the server's own, for the backend must not rely on it."""
        await _execute(address, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return within(address, name)

    async def drop(self, url: str) -> None:
        """Drop the database."""
        await _execute(within(url, ""), f"DROP DATABASE IF EXISTS `{named(url)}`")

    async def mark(self, url: str) -> Rewind:
        """Delete the rows of the tables that are empty now, and start their ids anew.

        Measured on the shop's tables with two of them used: MySQL 15 ms, MariaDB 9; TRUNCATE of all takes 158 and 34.
        """
        tables = await self._next_ids(url)
        empty = {table for table in tables if not await _execute(url, f"SELECT 1 FROM `{table}` LIMIT 1")}

        async def rewind() -> None:
            used = {table: next_id for table, next_id in (await self._next_ids(url)).items() if next_id != 1}
            deletions = [f"DELETE FROM `{table}`" for table in empty & used.keys()]
            restarts = [f"ALTER TABLE `{table}` AUTO_INCREMENT = 1" for table in empty & used.keys() if used[table]]
            await _execute(url, "SET foreign_key_checks = 0, lock_wait_timeout = 10", *deletions, *restarts)

        return rewind

    async def _next_ids(self, url: str) -> dict[str, int | None]:
        """The next id of each table; None for a table without ids of its own."""
        return dict(await _execute(url, *self.up_to_date, _NEXT_IDS))


def _without_defaults(program: Path) -> list[str]:
    # Must come first, and once; a script round the server, like the shared one, has put it there already.
    with program.open("rb") as file:
        return [] if file.read(2) == b"#!" else ["--no-defaults"]


def _is_mariadb(program: str) -> bool:
    said = subprocess.run([program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return "mariadb" in said.stdout.lower()


async def _execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements on a connection of their own; the rows of the last."""
    parts = urlsplit(url)
    connection = await asyncmy.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=named(url) or None,
        autocommit=True,
    )
    try:
        async with connection.cursor() as cursor:
            for statement in statements:
                await cursor.execute(statement)
            return list(await cursor.fetchall())
    finally:
        await connection.ensure_closed()
