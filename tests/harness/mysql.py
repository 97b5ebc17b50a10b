"""MySQL: Oracle's server, not the MariaDB that Debian installs as ``mysqld``."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import asyncmy
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

# Beside the project, in a checkout that shares its servers with other checkouts.
_SHARED = Path(__file__).resolve().parents[3] / "shared" / "servers" / "mysqld"

# Run at every start.
_ADMINISTRATOR = f"""\
CREATE USER IF NOT EXISTS {ADMINISTRATOR} IDENTIFIED BY '{PASSWORD}';
GRANT ALL ON *.* TO {ADMINISTRATOR} WITH GRANT OPTION;
"""

# What the documentation says that an account needs; the scratch databases are those of `stockroom compare`.
_OWNER = (
    f"CREATE USER IF NOT EXISTS {OWNER} IDENTIFIED BY '{PASSWORD}'",
    f"GRANT ALL ON `{{name}}`.* TO {OWNER}",
    rf"GRANT ALL ON `stockroom\_scratch\_%`.* TO {OWNER}",
)
_CLIENT = (
    f"CREATE USER IF NOT EXISTS {CLIENT} IDENTIFIED BY '{PASSWORD}'",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{{name}}`.* TO {CLIENT}",
)

_NEXT_IDS = "SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema = DATABASE()"

# Without durability. With a time zone other than UTC, and a mode in which double quotes mark a name, to detect code
# that relies on the defaults of servers.
_SETTINGS = [
    "--bind-address=127.0.0.1",
    "--max-connections=300",
    "--default-time-zone=+05:45",
    "--sql-mode=ANSI",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-flush-method=nosync",
]


class MySQL(ServerKind):
    """Oracle's server; ``MariaDB`` differs in how it is found and set up."""

    name = "mysql"
    start_timeout = 120.0
    # MariaDB does not support these.
    fresh_statistics: ClassVar[Sequence[str]] = ("SET information_schema_stats_expiry = 0",)
    own_settings: ClassVar[Sequence[str]] = (
        "--mysqlx=OFF",
        "--secure-file-priv=NULL",
        "--innodb-redo-log-capacity=64M",
    )

    @override
    def find_program(self) -> Path:
        """``STOCKROOM_MYSQLD``, or ``mysqld`` on the PATH if it is MySQL's, or the shared one beside the project."""
        if chosen := os.environ.get("STOCKROOM_MYSQLD"):
            return Path(chosen)
        found = shutil.which("mysqld")
        if found and not _is_mariadb(found):
            return Path(found)
        if _SHARED.exists():
            return _SHARED
        raise Absent(f"{'mysqld on the PATH is MariaDB' if found else 'no mysqld on the PATH'}, no STOCKROOM_MYSQLD")

    @override
    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        self.write_account(folder)
        initialize = ["--initialize-insecure", f"--datadir={folder / 'data'}", *self.run_as_root_option()]
        await run_command([program, *_without_defaults(program), *initialize], folder)

    def write_account(self, folder: Path) -> None:
        """Write the statements that create the account when the server starts."""
        (folder / "account.sql").write_text(_ADMINISTRATOR)

    def run_as_root_option(self) -> list[str]:
        """The option to run as root, where this process is root: other users may not be able to read the program."""
        return ["--user=root"] if os.geteuid() == 0 else []

    @override
    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """With its socket in the data's folder."""
        paths = [
            f"--datadir={folder / 'data'}",
            f"--socket={folder / 'socket'}",
            f"--init-file={folder / 'account.sql'}",
        ]
        own = [f"--port={port}", f"--innodb-buffer-pool-size={self.cache_mib}M", *self.own_settings]
        settings = [*self.run_as_root_option(), *paths, *_SETTINGS, *own]
        return [program, *_without_defaults(program), *settings]

    @override
    def url(self, port: int) -> str:
        """Without a database: there is none yet."""
        return f"{self.name}://{ADMINISTRATOR}:{PASSWORD}@127.0.0.1:{port}/"

    @override
    async def ping(self, url: str) -> None:
        await _execute(url, "SELECT VERSION()")

    @override
    async def create(self, address: str, name: str) -> str:
        """With the server's default collation, because the backend must not rely on one."""
        create = f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4"
        await _execute(address, create, *(statement.format(name=name) for statement in _OWNER))
        return account_url(address, name, OWNER)

    @override
    async def add_client(self, url: str) -> str:
        name = database_name(url)
        await _execute(self.as_administrator(url), *(statement.format(name=name) for statement in _CLIENT))
        return account_url(url, name, CLIENT)

    @override
    async def drop(self, url: str) -> None:
        await _execute(database_url(self.as_administrator(url), ""), f"DROP DATABASE IF EXISTS `{database_name(url)}`")

    @override
    async def take_snapshot(self, url: str) -> Restore:
        """Restores by deleting the rows of tables that were empty, and resetting their ids.

        Measured on the shop's tables with two of them used: MySQL 15 ms, MariaDB 9; TRUNCATE of all takes 158 and 34.
        """
        tables = await self._next_ids(url)
        empty = {table for table in tables if not await _execute(url, f"SELECT 1 FROM `{table}` LIMIT 1")}

        async def restore() -> None:
            used = {table: next_id for table, next_id in (await self._next_ids(url)).items() if next_id != 1}
            deletions = [f"DELETE FROM `{table}`" for table in empty & used.keys()]
            restarts = [f"ALTER TABLE `{table}` AUTO_INCREMENT = 1" for table in empty & used.keys() if used[table]]
            await _execute(url, "SET foreign_key_checks = 0, lock_wait_timeout = 10", *deletions, *restarts)

        return restore

    async def _next_ids(self, url: str) -> dict[str, int | None]:
        """The next id of each table; None for a table without ids of its own."""
        return dict(await _execute(url, *self.fresh_statistics, _NEXT_IDS))


def _without_defaults(program: Path) -> list[str]:
    # Must be the first option, and given once; a wrapper script, like the shared one, already passes it.
    with program.open("rb") as file:
        return [] if file.read(2) == b"#!" else ["--no-defaults"]


def _is_mariadb(program: str) -> bool:
    version = subprocess.run(
        [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return "mariadb" in version.stdout.lower()


async def _execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements on a new connection; returns the rows of the last."""
    parts = urlsplit(url)
    connection = await asyncmy.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=database_name(url) or None,
        autocommit=True,
    )
    try:
        async with connection.cursor() as cursor:
            for statement in statements:
                await cursor.execute(statement)
            return list(await cursor.fetchall())
    finally:
        await connection.ensure_closed()
