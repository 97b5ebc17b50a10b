"""What the author of a backend hands to the kit: a way to get an empty store."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar

from conformance.defaults import settings_for
from core.plugins import discover
from core.storage import Backend


class Target(ABC):
    """A kind of store to run the suite on. One object per process; it may do anything to the stores it makes.

    Attributes:
        name: in the ids of tests and in the report; also the URL scheme, unless ``scheme`` says otherwise.
        scheme: of its URLs, by which its backend is found.
    """

    name: str
    scheme: ClassVar[str] = ""

    @abstractmethod
    async def blank(self) -> str:
        """The URL of a new store with nothing in it, not even a schema; also new for other processes of the run."""

    async def fresh(self) -> str:
        """The URL of a migrated store without data, whose first ids will be 1. Ends the use of the one before it.

        By default a blank one is migrated each time; override it where the database knows a quicker way.
        """
        url = await self.blank()
        await self.backend.migrations(settings_for(url)).up()
        return url

    async def close(self) -> None:
        """Remove every store it made. It may be asked for new ones afterwards."""
        return

    @cached_property
    def backend(self) -> Backend:
        """The installed backend that answers to its URLs.

        Raises:
            LookupError: there is none.
        """
        scheme = self.scheme or self.name
        found = discover().by_scheme.get(scheme)
        if found is None:
            raise LookupError(f"No installed backend answers to {scheme}://; is its package installed here?")
        return found
