"""PgBouncer in front of a PostgreSQL server, in transaction mode: a transaction may use any server connection."""

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from conformance.processes.process import Process, unprivileged_user
from tests.harness.kind import CLIENT, OWNER, PASSWORD, Absent
from tests.harness.postgresql import PostgreSQL
from tests.harness.run_directory import RunDirectory

_INI = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
"""


class PgBouncer:
    """One process, which ends with its run directory.

    Args:
        run_directory: for its files.
        server_url: of the PostgreSQL server; the pooler knows its login, and the accounts of the harness.
        size: connections to the server for each database.
        ignored: settings of a session that it drops; without them it refuses a client that has any.

    Raises:
        Absent: it is not installed.
    """

    def __init__(self, run_directory: RunDirectory, server_url: str, size: int, ignored: str = "") -> None:
        program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
        if program is None:
            raise Absent("no pgbouncer on the PATH; Debian has a package of that name")
        server = urlsplit(server_url)
        port = run_directory.ports.acquire()
        self._port = port
        user = unprivileged_user("postgres")  # PgBouncer refuses to run as root
        folder = run_directory.make_folder("pgbouncer", user)
        ini = folder / "pgbouncer.ini"
        text = _INI.format(host=server.hostname, port=server.port or 5432, listen=port, folder=folder, size=size)
        ini.write_text(f"{text}ignore_startup_parameters = {ignored}\n" if ignored else text)
        logins = {unquote(server.username or ""): unquote(server.password or ""), OWNER: PASSWORD, CLIENT: PASSWORD}
        (folder / "users").write_text("".join(f'"{name}" "{password}"\n' for name, password in logins.items()))
        self._process = Process([program, ini], Path(folder), user=user)
        run_directory.processes.append(self._process)

    def through(self, url: str) -> str:
        """The URL of a database of the server, through the pooler."""
        parts = urlsplit(url)
        return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{self._port}").geturl()

    async def ready(self, url: str) -> None:
        """Return once a client can query that database through the pooler.

        Raises:
            ProcessFailed: it has ended, or did not answer in time.
        """
        await self._process.wait_until(lambda: PostgreSQL().ping(self.through(url)), 30)
