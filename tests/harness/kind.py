"""What the harness must know about a kind of database to test on it."""

import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import ClassVar
from urllib.parse import urlsplit

from conformance.processes.process import Process, unprivileged_user
from tests.harness.site import Site

Rewind = Callable[[], Awaitable[None]]


class Absent(Exception):
    """There is no such database here. The message is the reason, for the run's summary."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database answers.

    Attributes:
        url: of the server, or of a folder for embedded ones; ``Kind.create`` makes databases there.
        origin: how it got there, for the summary: ``embedded``, ``environment``, or what was started.
    """

    url: str
    origin: str


class Kind(ABC):
    """One kind of database. Stateless; its functions connect, do one thing, and disconnect.

    Attributes:
        name: the URL scheme by which the shop knows it.
        embedded: it needs no server.
    """

    name: ClassVar[str]
    embedded: ClassVar[bool] = False

    @abstractmethod
    async def obtain(self, site: Site) -> Address:
        """Find it or start it.

        Raises:
            Absent: neither is possible.
            Failed: it was started and did not answer.
        """

    @abstractmethod
    async def create(self, address: str, name: str) -> str:
        """Create a blank database; its URL."""

    @abstractmethod
    async def drop(self, url: str) -> None:
        """Remove a database and all that is in it."""

    async def mark(self, url: str) -> Rewind | None:
        """A function that brings the database back to what it is now, ids included. None: not worth it, create anew."""
        return None


@dataclass(frozen=True, slots=True)
class Install:
    """A server that is ready to be started, as often as one likes.

    Attributes:
        program: what is run.
        folder: its data.
        port: on which it answers.
        user: whose rights it runs with; None for our own.
    """

    program: Path
    folder: Path
    port: int
    user: str | None


class Served(Kind):
    """A kind that runs as a server: taken from the environment, or started from a program found on this machine.

    Attributes:
        user: whose rights it runs with where we are root; None for our own.
        goodbye: signal that ends it at once: its data is of no use any more.
        farewell: signal that ends it in good order, whoever is connected.
        patience: seconds for it to start.
        cache: MiB in which a server of our own keeps pages of its data; little, unless more is asked for.
    """

    user: ClassVar[str | None] = None
    goodbye: ClassVar[Signals] = SIGKILL
    farewell: ClassVar[Signals] = SIGTERM
    patience: ClassVar[float] = 60.0
    cache: int = 128

    def __init__(self, cache: int | None = None) -> None:
        if cache is not None:
            self.cache = cache

    @property
    def variable(self) -> str:
        """Environment variable that may hold the URL of a server to use."""
        return f"STOCKROOM_TEST_{self.name.upper()}_URL"

    async def obtain(self, site: Site) -> Address:
        """The server that the environment names, or one of our own on a free port."""
        if url := os.environ.get(self.variable):
            await self.answers(url)
            return Address(url, "environment")
        install = await self.install(site)
        await self.start(install, site, self.goodbye)
        return Address(self.url(install.port), f"started {install.program}")

    async def install(self, site: Site) -> Install:
        """A server of our own, not yet started.

        Raises:
            Absent: the program is nowhere.
        """
        program = self.find()
        user = unprivileged_user(self.user) if self.user else None
        folder = site.room(self.name, user)
        await self.prepare(program, folder, user)
        return Install(program, folder, site.ports.acquire(), user)

    async def start(self, install: Install, site: Site, goodbye: Signals) -> Process:
        """Start it, and return once it answers; ``goodbye`` will end it.

        Raises:
            Failed: it did not answer.
        """
        command = self.command(install.program, install.folder, install.port)
        process = Process(command, install.folder, user=install.user, stop_signal=goodbye)
        site.processes.append(process)
        await process.wait_until(lambda: self.welcome(install.port), self.patience)
        await self.answers(self.url(install.port))
        return process

    @abstractmethod
    def find(self) -> Path:
        """The program.

        Raises:
            Absent: it is nowhere.
        """

    @abstractmethod
    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        """Write what the program needs before it starts."""

    @abstractmethod
    def command(self, program: Path, folder: Path, port: int) -> list[str | Path]:
        """How to start it: in the foreground, on 127.0.0.1, for data that may be lost, with 300 connections."""

    @abstractmethod
    def url(self, port: int) -> str:
        """Of the server started on ``port``."""

    async def welcome(self, port: int) -> None:
        """First contact with a server we started; any error means not yet."""
        await self.answers(self.url(port))

    @abstractmethod
    async def answers(self, url: str) -> None:
        """Return if the server at ``url`` does what it is asked; otherwise raise whatever the driver raises."""


def within(url: str, database: str) -> str:
    """The URL of a server's database."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def named(url: str) -> str:
    """The database that a URL names."""
    return urlsplit(url).path.strip("/")
