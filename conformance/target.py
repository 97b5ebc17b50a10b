"""What a backend gives to the kit: a way to create an empty store."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar

from conformance.defaults import settings_for
from core.plugins import discover
from core.storage import Backend


class Target(ABC):
    """A kind of store to run the suite on. One object per process; the stores that it creates belong to it.

    Attributes:
        name: in the ids of tests and in the report; also the URL scheme, unless ``scheme`` is set.
        scheme: of its URLs, by which its backend is found.
    """

    name: str
    scheme: ClassVar[str] = ""

    @abstractmethod
    async def blank(self) -> str:
        """The URL of a new store without a schema, which no other process of the run uses."""

    async def fresh(self) -> str:
        """The URL of a migrated store without data, whose first ids will be 1. The store before it is no longer used.

        By default a blank store is migrated each time; override it where the database has a faster way.
        """
        url = await self.blank()
        await self.backend.migrations(settings_for(url)).up()
        return url

    async def close(self) -> None:
        """Remove every store that it created. New ones may be created afterwards."""
        return

    @cached_property
    def backend(self) -> Backend:
        """The installed backend of its URLs.

        Raises:
            LookupError: there is none.
        """
        scheme = self.scheme or self.name
        found = discover().by_scheme.get(scheme)
        if found is None:
            raise LookupError(f"No installed backend has the URL scheme {scheme}://; is its package installed here?")
        return found
