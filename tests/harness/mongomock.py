"""mongomock: MongoDB's interface, in the memory of this process."""

from typing_extensions import override

from tests.harness.kind import Address, DatabaseKind
from tests.harness.run_directory import RunDirectory


class Mongomock(DatabaseKind):
    """Installed with its backend's drivers. Cheap to create, so every test gets a new one."""

    name = "mongomock"
    embedded = True

    @override
    async def obtain(self, run_directory: RunDirectory) -> Address:
        return Address("mongomock://localhost", "embedded")

    @override
    async def create(self, address: str, name: str) -> str:
        """Only builds the URL: the database is created when it is first used."""
        return f"{address}/{name}"

    @override
    async def drop(self, url: str) -> None:
        """Nothing to do: it ends with the process."""
