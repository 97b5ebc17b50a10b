"""mongomock: MongoDB's interface, in this process and its memory."""

from tests.harness.kind import Address, Kind
from tests.harness.site import Site


class Mongomock(Kind):
    """Comes with its backend's drivers. Cheap to create, so every test gets a new one."""

    name = "mongomock"
    embedded = True

    async def obtain(self, site: Site) -> Address:
        """Nothing to set up."""
        return Address("mongomock://localhost", "embedded")

    async def create(self, address: str, name: str) -> str:
        """The URL alone: the database comes into being with its first use."""
        return f"{address}/{name}"

    async def drop(self, url: str) -> None:
        """Nothing to do: it is gone with the process."""
