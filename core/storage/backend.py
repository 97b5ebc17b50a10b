"""What a plugin provides: one object per kind of database."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol, runtime_checkable

from core.settings import IsolationLevel, Settings
from core.storage.capabilities import Capabilities
from core.storage.storage import Storage


@dataclass(frozen=True, slots=True)
class Driver:
    """A library that talks to a database.

    Attributes:
        name: as in the URL behind the plus sign, such as ``asyncpg``.
        module: what is imported.
        requirement: what to install, such as ``asyncpg`` or ``stockroom[postgresql]``.
    """

    name: str
    module: str
    requirement: str

    @property
    def installed(self) -> bool:
        """Whether it can be imported."""
        return find_spec(self.module) is not None


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of a schema's history."""

    id: str
    title: str


class Migrations(Protocol):
    """The history of a schema, and the way along it. Safe when two processes start at once."""

    def history(self) -> Sequence[Revision]:
        """All revisions, first to last; the last is the head."""
        ...

    async def current(self) -> str | None:
        """The revision the storage is at; None before the first."""
        ...

    async def up(self, target: str = "head") -> None:
        """Go up to a revision."""
        ...

    async def down(self, target: str) -> None:
        """Go down to a revision; ``base`` undoes all, ``-1`` the last."""
        ...

    async def differences(self) -> Sequence[str]:
        """What the schema lacks or has otherwise than the last revision left it, one sentence each; the storage is at
        that revision. What was added to it, such as an index, is none.
        """
        return []

    def script(self, span: str) -> str:
        """The statements of a span such as ``base:head``, to be run by hand.

        Raises:
            Unsupported: this kind of database has no script language.
        """
        ...


class Backend(Protocol):
    """A kind of database. Stateless: an opened storage belongs to its caller.

    Attributes:
        name: unique, lower case, as in ``STORAGE_BACKEND``.
        schemes: URL schemes it answers to, without ``+driver``.
        drivers: libraries it can use, the preferred first.
        capabilities: what it declares a storage of its kind can do.
        example_url: for messages, such as ``postgresql://user:password@localhost:5432/stockroom``.
    """

    @property
    def name(self) -> str: ...
    @property
    def schemes(self) -> Sequence[str]: ...
    @property
    def drivers(self) -> Sequence[Driver]: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def example_url(self) -> str: ...

    async def open(self, settings: Settings) -> Storage:
        """Connect, probe, and return a storage ready for use. Does not look at the schema.

        Raises:
            ConfigurationError: a setting is wrong, or no server answers at the URL; names it, and the remedy, without
                credentials.
        """
        ...

    def migrations(self, settings: Settings) -> Migrations:
        """The schema's history, bound to the storage that the settings name."""
        ...


@runtime_checkable
class SupportsIsolationLevels(Protocol):
    """A backend that offers a choice of isolation levels, all with the same guarantees: optional."""

    @property
    def isolation_levels(self) -> Sequence[IsolationLevel]:
        """What ``ISOLATION_LEVEL`` may select; ``open`` applies it."""
        ...


@runtime_checkable
class SupportsTemporaryDatabases(Protocol):
    """A backend that can create a temporary store: optional, for tools such as ``compare``."""

    def temporary_database(self, settings: Settings) -> AbstractAsyncContextManager[str]:
        """The URL of a new store with nothing in it, where the settings' own is; dropped when the context is left.

        The settings' own store is not touched, but must exist where a server needs one to be connected to.

        Raises:
            ConfigurationError: no server answers at the URL, or its user may not create a store.
        """
        ...


@runtime_checkable
class SupportsVariants(Protocol):
    """A backend that declares other capabilities for some of its URLs: optional, as for databases in memory."""

    def select_variant(self, settings: Settings) -> Backend:
        """The backend of the database that the settings name, often this one."""
        ...
