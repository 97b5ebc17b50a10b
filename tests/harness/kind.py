"""How to find, start and reset each kind of database."""

import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

from typing_extensions import override

from conformance.processes.process import Process, unprivileged_user
from tests.harness.run_directory import RunDirectory

Restore = Callable[[], Awaitable[None]]

ADMINISTRATOR, OWNER, CLIENT, PASSWORD = "stockroom_admin", "stockroom", "stockroom_client", "stockroom"
"""The accounts of a server, and their password: for all databases; for all of one; for the rows of one."""


class Absent(Exception):
    """A kind of database is not available on this machine. The message is the reason, for the run's summary."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database answers.

    Attributes:
        url: of the server, or of a folder for embedded ones; ``DatabaseKind.create`` makes databases there.
        origin: for the summary: ``embedded``, ``environment``, or what was started.
    """

    url: str
    origin: str


class DatabaseKind(ABC):
    """One kind of database. Stateless: each method connects, does one thing, and disconnects.

    Attributes:
        name: the URL scheme of its backend.
        embedded: it needs no server.
    """

    name: ClassVar[str]
    embedded: ClassVar[bool] = False

    @abstractmethod
    async def obtain(self, run_directory: RunDirectory) -> Address:
        """Find it or start it.

        Raises:
            Absent: neither is possible.
            ProcessFailed: it was started and did not answer.
        """

    @abstractmethod
    async def create(self, address: str, name: str) -> str:
        """Create a blank database; returns its URL, for an ordinary account that has all rights on it and no others."""

    async def add_client(self, url: str) -> str:
        """Create an account that has no rights but to serve a migrated database; returns its URL."""
        return url

    def as_administrator(self, url: str) -> str:
        """The URL of a database for the account that may do everything on its server."""
        return url

    @abstractmethod
    async def drop(self, url: str) -> None:
        """Delete a database."""

    async def take_snapshot(self, url: str) -> Restore | None:
        """A function that restores the database's current state, ids included; None where creating one is as fast."""
        return None


@dataclass(frozen=True, slots=True)
class Installation:
    """A server that is set up, and can be started any number of times.

    Attributes:
        program: the executable.
        folder: its data.
        port: on which it answers.
        user: whose rights it runs with; None for those of this process.
        options: further ones of the program.
    """

    program: Path
    folder: Path
    port: int
    user: str | None
    options: tuple[str, ...] = ()


class ServerKind(DatabaseKind):
    """A kind that runs as a server: taken from the environment, or started from a program found on this machine.

    Attributes:
        user: whose rights it runs with where this process is root; None for root's.
        kill_signal: ends it at once; its data is no longer needed.
        graceful_signal: ends it in good order, with clients connected.
        start_timeout: seconds.
        cache_mib: MiB for the page cache of a server that is started here.
    """

    user: ClassVar[str | None] = None
    kill_signal: ClassVar[Signals] = SIGKILL
    graceful_signal: ClassVar[Signals] = SIGTERM
    start_timeout: ClassVar[float] = 60.0
    cache_mib: int = 128

    def __init__(self, cache_mib: int | None = None) -> None:
        if cache_mib is not None:
            self.cache_mib = cache_mib

    @property
    def url_variable(self) -> str:
        """Environment variable that may hold the URL of a server to use."""
        return f"STOCKROOM_TEST_{self.name.upper()}_URL"

    @override
    async def obtain(self, run_directory: RunDirectory) -> Address:
        if url := os.environ.get(self.url_variable):
            await self.ping(url)
            return Address(url, "environment")
        installation = await self.install(run_directory)
        await self.start(installation, run_directory, self.kill_signal)
        return Address(self.url(installation.port), f"started {installation.program}")

    async def install(self, run_directory: RunDirectory, suffix: str = "") -> Installation:
        """Set up a server on a free port, without starting it. ``suffix`` tells several in a folder apart.

        Raises:
            Absent: the program was not found.
        """
        program = self.find_program()
        user = unprivileged_user(self.user) if self.user else None
        folder = run_directory.make_folder(f"{self.name}{suffix}", user)
        await self.prepare(program, folder, user)
        return Installation(program, folder, run_directory.ports.acquire(), user)

    async def start(self, installation: Installation, run_directory: RunDirectory, stop_signal: Signals) -> Process:
        """Start it, and return once it answers; ``stop_signal`` will end it.

        Raises:
            ProcessFailed: it did not answer.
        """
        command = self.command(installation.program, installation.folder, installation.port)
        process = Process(
            [*command, *installation.options], installation.folder, user=installation.user, stop_signal=stop_signal
        )
        run_directory.processes.append(process)
        await process.wait_until(lambda: self.initialize(installation.port), self.start_timeout)
        await self.ping(self.url(installation.port))
        return process

    @abstractmethod
    def find_program(self) -> Path:
        """The executable.

        Raises:
            Absent: it was not found.
        """

    @abstractmethod
    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        """Write what the program needs before it starts."""

    @abstractmethod
    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """Starts it in the foreground, on 127.0.0.1, with 300 connections and without durability."""

    @abstractmethod
    def url(self, port: int) -> str:
        """Of the server started on ``port``, for its administrator."""

    @override
    def as_administrator(self, url: str) -> str:
        """The account of ``url_variable`` for a database on that server, or else the one of a server started here."""
        given = urlsplit(os.environ.get(self.url_variable, ""))
        is_given = _host(given) == _host(urlsplit(url))
        login = given.netloc.rpartition("@")[0] if is_given else f"{ADMINISTRATOR}:{PASSWORD}"
        return _log_in(url, login)

    async def initialize(self, port: int) -> None:
        """Make the first connection to a server started here; any error means that it is not ready yet."""
        await self.ping(self.url(port))

    @abstractmethod
    async def ping(self, url: str) -> None:
        """Return if the server at ``url`` executes a command; otherwise raise the driver's exception."""


def database_url(url: str, database: str) -> str:
    """The URL of a server's database."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def account_url(url: str, database: str, account: str) -> str:
    """The URL of a server's database, for an account that was created here."""
    return _log_in(database_url(url, database), f"{account}:{PASSWORD}")


def _log_in(url: str, login: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc="@".join(filter(None, (login, _host(parts))))).geturl()


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def database_name(url: str) -> str:
    """The name of the database in a URL."""
    return urlsplit(url).path.strip("/")
